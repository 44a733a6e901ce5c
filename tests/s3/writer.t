#!/usr/bin/perl
# A writer that may only put: backups and WAL go into the bucket, locked, and somebody else restores them. A segment
# costs one request.
use strict;
use warnings;
use lib 'tests/lib';

use Test::More;

use Odr::Ceph;
use Odr::Site;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $reader = $ceph->credentials(work_path('reader'));
my $thin = $ceph->make_user('thin');
my $writer = $ceph->credentials(work_path('writer'), %$thin);
my $bucket = $ceph->make_bucket('locked', lock => 1);
$ceph->allow($bucket, $thin, ['s3:PutObject', 's3:PutObjectRetention']);

sub repository {
	my ($credentials, %more) = @_;
	return { 'repository main' => { type => 's3', path => undef, endpoint => $ceph->endpoint, bucket => $bucket,
		credentials => $credentials, lock => 'compliance', 'retry-for' => '5s', %more } };
}

my $site = Odr::Site->new(sections => repository($writer))->create;
my $said = $site->tool_ok(['init', 'erp-prod', '--single-recipient'], 'init by one who may only put');
like($said->err, qr/repository main is ready: .*; put with locks, unverified: this credential may not read/,
	'and it says what that cannot tell');

$site->cluster->psql('CREATE TABLE invoice (id int); INSERT INTO invoice SELECT generate_series(1, 1000)');
$said = $site->backup('a backup by one who may only put');
like($said->err, qr/repository main: .*unverified/, 'which says that the locks are not verified');

sub finish_segment {
	my $name = $site->cluster->psql('INSERT INTO invoice VALUES (-1); SELECT pg_walfile_name(pg_current_wal_insert_lsn())');
	$site->cluster->psql('SELECT pg_switch_wal()');
	return $name;
}

for my $n (1 .. 3) {
	my @asked = $ceph->requests_of(sub {
		my $segment = finish_segment();
		poll_until('the segment is archived', sub {
			$site->cluster->psql("SELECT last_archived_wal >= '$segment' FROM pg_stat_archiver") =~ /t/ }, 60);
	});
	is(scalar @asked, 1, "segment $n is one request") or diag(join "\n", @asked);
	like($asked[0], qr{^PUT /locked/[0-9a-f]{32}/wal/}, 'the one that puts it');
}

my %lock = map { $_->{key} => 0 } $ceph->versions($bucket);
for my $object ($ceph->versions($bucket)) {
	next if $object->{key} eq 'repository';
	my $answer = $ceph->request('GET', "/$bucket/$object->{key}", query => { retention => '', versionId => $object->{version} });
	$lock{ $object->{key} } = $answer->{content} =~ m{<Mode>COMPLIANCE</Mode>};
}
is_deeply([grep { !$lock{$_} } sort keys %lock], ['repository'], 'all that they need is locked');

$site->write_conf(%{ repository($reader) });
my $copy = $site->recover('copy', '--type', 'default', '--target-action', 'promote');
is($copy->psql('SELECT count(*) FROM invoice'), '1003', 'a reader restores it all');
$copy->stop('immediate');

# What the bucket says of itself counts more than what it may not say; and then the store has its own word.
sub no_sets_in {
	my ($name) = @_;
	my @sets = grep { $_->{key} =~ m{/set/} } $ceph->versions($name);
	is(scalar @sets, 0, "no set is in bucket $name");
}
$ceph->make_bucket('versioned', versions => 1);
$site->write_conf(%{ repository($writer, bucket => 'versioned') });
my @may_ask = ('s3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration');
$ceph->allow('versioned', $thin, ['s3:PutObject', 's3:PutObjectRetention', @may_ask]);
$site->tool_fails([$site->backup_arguments], 6, qr/lock=compliance, but bucket versioned has no Object Lock/,
	'a bucket that says it does not lock');
$ceph->allow('versioned', $thin, ['s3:PutObject', 's3:PutObjectRetention']);
my $name = finish_segment();
$site->tool_fails(['archive-push', '--service', 'erp-prod', $site->cluster->pgdata . "/pg_wal/$name"], 6, qr/with a lock, which bucket versioned may not have: HTTP 400 InvalidRequest/,
	'a bucket that does not say so, and does not lock');
no_sets_in('versioned');

# The bucket locks by a rule of its own: no right to lock is needed, but the rule must last.
my $ruled = $ceph->make_bucket('ruled', lock => 1);
sub rule {
	my ($days) = @_;
	$ceph->must('PUT', "/$ruled", query => { 'object-lock' => '' }, body => '<ObjectLockConfiguration><ObjectLockEnabled>Enabled'
		. '</ObjectLockEnabled>' . ($days ? "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>$days</Days></DefaultRetention>"
		. '</Rule>' : '') . '</ObjectLockConfiguration>');
}
$ceph->allow($ruled, $thin, ['s3:PutObject', 's3:GetObjectRetention', @may_ask]);
$site->write_conf(%{ repository($writer, bucket => $ruled, lock => 'bucket') });
rule(0);
$site->tool_fails(['init', 'erp-prod', '--single-recipient'], 6, qr/bucket ruled has no default retention/, 'no rule is no lock');
my $short = qr/default retention of bucket ruled is 5 days, and what is put now is needed until/;
rule(5);
$site->tool_fails(['init', 'erp-prod', '--single-recipient'], 6, $short, 'a rule that ends too early is none');
rule(60);
$site->tool_ok(['init', 'erp-prod', '--single-recipient'], 'a rule is a lock');
rule(5);
$site->tool_fails([$site->backup_arguments], 6, $short, 'a rule that was made shorter is none any more');
rule(60);
$said = $site->backup('a rule that lasts is one');
unlike($said->err, qr/unverified/, 'and it was seen to hold');
my ($set) = grep { $_->{key} =~ m{/set/} } $ceph->versions($ruled);
like($ceph->must('GET', "/$ruled/$set->{key}", query => { retention => '' })->{content}, qr{<Mode>GOVERNANCE</Mode>},
	'the set is locked by the bucket');

done_testing();
