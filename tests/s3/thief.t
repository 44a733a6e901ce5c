#!/usr/bin/perl
# Thieves at a bucket whose objects are locked by compliance: one who took the database host's credential, and one who
# may do whatever the owner of the account may. Every kind of object is overwritten, emptied, cut short, hidden and, as far
# as the store allows, deleted; after each round what is listed restores, and what happened is reported.
use strict;
use warnings;
use lib 'tests/lib';

use POSIX ();
use Test::More;

use Odr::Ceph;
use Odr::Site;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $bucket = $ceph->make_bucket('locked', lock => 1);
my %user = map { $_ => $ceph->make_user($_) } qw(writer restorer keeper drill);
my $policy = read_file(source_path('contrib/s3/bucket-policy.json')) =~ s/\bBUCKET\b/$bucket/gr =~ s/\bPREFIX\b/erp/gr;
$policy =~ s{\b\U$_\E\b}{arn:aws:iam:::user/$_}g for keys %user;
$ceph->must('PUT', "/$bucket", query => { policy => '' }, body => $policy);
my %credentials = map { $_ => $ceph->credentials(work_path($_), %{ $user{$_} }) } keys %user;

my $site = Odr::Site->new(sections => { 'repository main' => { type => 's3', path => undef, endpoint => $ceph->endpoint, bucket => $bucket,
	prefix => 'erp', credentials => $credentials{writer}, lock => 'compliance', 'retry-for' => '5s' } })->create;
$site->cluster->psql('CREATE TABLE invoice (id int); INSERT INTO invoice SELECT generate_series(1, 1000)');
$site->backup('a backup');
$site->cluster->psql('INSERT INTO invoice SELECT generate_series(1001, 2000)');
my $moment = $site->cluster->psql('SELECT now()');
$site->cluster->psql('INSERT INTO invoice VALUES (-1)');
$site->cluster->archive_now;
$site->cluster->stop('immediate');

# What the thieves find, by kind, as it was stored.
my @stored = grep { $_->{key} !~ m{/probe/} } $ceph->versions($bucket, 'erp/');
my %kind;
push @{ $kind{ $_->{key} =~ m{^erp/[0-9a-f]{32}/(\w+)/} ? $1 : 'repository' } }, $_ for @stored;
ok($kind{$_}, "there are objects of kind $_") for qw(repository set pack table wal);
my %content = map { $_->{key} => owner('GET', $_)->{content} } @stored;
my @locked = grep { $_->{key} ne 'erp/repository' } @stored;

sub owner { my ($method, $object, %option) = @_; return $ceph->request($method, "/$bucket/$object->{key}", %option) }
sub writer { my ($method, $object, %option) = @_; return owner($method, $object, access => $user{writer}{access}, secret => $user{writer}{secret}, %option) }
sub of_version { return (query => { versionId => $_[0]{version} }) }

sub statuses { my %seen; $seen{ $_->{status} }++ for @_; return join ' ', sort keys %seen }

# Everything that counts: the moment comes back by the restorer's hands, and is looked at by all commands that read.
my $round = 0;
$site->{sections}{'repository main'}{credentials} = $credentials{restorer};
$site->write_conf;
sub survives {
	my ($name, $reported) = @_;
	my $dir = $site->path('round-' . ++$round);
	my $result = $site->tool_ok([$site->restore_arguments($dir, '--type', 'time', '--target', $moment, '--target-action', 'promote')], "$name: it restores");
	like($result->err, $reported, "$name: which is reported") if $reported;
	my $copy = $site->cluster->copy_at("round-$round", $dir)->start(120)->wait_promoted(120);
	is($copy->psql('SELECT count(*) FROM invoice'), '2000', "$name: it is what was stored");
	$copy->stop('immediate');
	run_program(['rm', '-rf', $dir]);
	is(scalar $site->set_ids, 1, "$name: the set is listed");
}

survives('before anything happened');

# The database host's credential: it adds, and does nothing else.
is(statuses(map { writer('DELETE', $_) } @stored), '403', 'a stolen writer cannot hide');
is(statuses(map { writer('DELETE', $_, of_version($_)) } @stored), '403', 'a stolen writer cannot delete');
is(statuses(map { writer('GET', $_) } @locked), '403', 'a stolen writer cannot read');
my $sooner = '<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>' . POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + 86400))
	. '</RetainUntilDate></Retention>';
is(statuses(map { writer('PUT', $_, query => { retention => '', versionId => $_->{version} }, body => $sooner) } @locked), '403',
	'a stolen writer cannot shorten a lock');
is(statuses(map { writer('PUT', $_, body => 'ransom') } @stored), '200', 'a stolen writer can overwrite');
survives('overwritten with garbage', qr/a version of 'repository' is no good/);
is(statuses(map { writer('PUT', $_, body => substr $content{ $_->{key} }, 0, length($content{ $_->{key} }) / 2) } @stored), '200',
	'it can cut short');
is(statuses(map { writer('PUT', $_, body => '') } @stored), '200', 'and empty');
my ($pack, $other) = @{ $kind{pack} };
is(writer('PUT', $pack, body => $content{ $other->{key} })->{status}, 200, 'and put one pack in place of another');
survives('cut short, emptied, exchanged', qr/is no good/);

# The account's: it hides everything, and deletes what it may.
is(statuses(map { owner('DELETE', $_, of_version($_)) } @locked), '403', 'nobody deletes what is locked');
is(statuses(map { owner('DELETE', $_, of_version($_), headers => { 'x-amz-bypass-governance-retention' => 'true' }) } @locked), '403',
	'nobody bypasses that');
is(statuses(map { owner('PUT', $_, query => { retention => '', versionId => $_->{version} }, body => $sooner) } @locked), '403', 'nobody shortens it');
like($ceph->request('PUT', "/$bucket", query => { versioning => '' },
	body => '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>')->{status}, qr/^4/, 'nobody suspends the versions');
is(statuses(map { owner('DELETE', $_) } @stored), '204', 'whoever may hides all');
survives('hidden behind delete markers', qr/is hidden behind a delete marker/);

# What our own commands make of it.
$site->write_conf(odrbackup => { 'writer-bundle' => undef });
my $check = $site->tool('check', '--json', '--repository-scan');
is($check->status, 13, 'check: somebody tampered') or diag($check->describe);
my %critical = map { $_->{code} => 1 } grep { $_->{severity} eq 'critical' } @{ $check->json->{findings} };
ok($critical{'object.hidden'} || $critical{'object.replaced'}, 'check says what was done');
is(join(' ', grep { !/^object\.(?:hidden|replaced|altered)$/ } sort keys %critical), '', 'and that everything is there all the same');
$site->{sections}{'repository main'}{credentials} = $credentials{keeper};
$site->write_conf;
$site->tool_ok(['expire', 'erp-prod'], 'expire runs');
my %left = map { ("$_->{key} $_->{version}" => 1) } $ceph->versions($bucket, 'erp/');
is(scalar(grep { !$left{"$_->{key} $_->{version}"} } @locked), 0, 'what was locked is there, whatever ran');

done_testing();
