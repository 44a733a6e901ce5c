#!/usr/bin/perl
# The second driver of buckets: a whole site through libs3, beside the first one in one process; what it cannot do is said;
# it has an end where libs3 has none; it is loaded where it is named, and nowhere else.
use strict;
use warnings;
use lib 'tests/lib';

use Test::More;

use Odr::Ceph;
use Odr::Site;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $credentials = $ceph->credentials(work_path('credentials'));
$ceph->make_bucket($_) for qw(one two);
my %bucket = (path => undef, endpoint => $ceph->endpoint, prefix => 'erp', credentials => $credentials,
	'retry-for' => '20s', 'silence-timeout' => '2s');
my %sections = ('repository main' => { %bucket, type => 'libs3', bucket => 'one' },
	'repository other' => { %bucket, type => 's3', bucket => 'two' }, 'service erp-prod' => { repositories => 'main;other' });
my $site = Odr::Site->new(sections => \%sections)->create;

# Who has loaded what, of the process and all it started.
sub loaded {
	my ($leader) = @_;
	my %seen;
	for my $proc (glob '/proc/[0-9]*') {
		my ($group) = (eval { read_file("$proc/stat") } // '') =~ /^\d+ \(.*\) \S \d+ (\d+) /s or next;
		next if $group != $leader;
		$seen{$_} = 1 for (eval { read_file("$proc/maps") } // '') =~ m{/(libs3|libcurl(?:-gnutls)?)\.so}g;
	}
	return join ' ', sort keys %seen;
}

my $said = $site->tool('init', $site->service, '--single-recipient');
like($said->err, qr/repository main is ready: libs3 bucket one.erp. at http\S+; not immutable, transport not authenticated/,
	'init says what libs3 does not give');

$site->cluster->psql('CREATE TABLE bulk AS SELECT id, md5(id::text) || md5((-id)::text) AS text FROM generate_series(1, 300000) id');
$site->backup('a backup through both drivers');
$site->cluster->archive_now;
my $sum = 'SELECT count(*), sum(hashtext(text)) FROM bulk';
for my $repository (qw(main other)) {
	my $copy = $site->recover($repository, '--repository', $repository, '--type', 'immediate', '--target-action', 'promote');
	is($copy->psql($sum), $site->cluster->psql($sum), "what went to '$repository' restores");
	$copy->stop('immediate');
}

# The same objects: what one driver stored, the other one reads.
$site->{sections}{'repository main'}{type} = 's3';
$site->write_conf;
my $crossed = $site->recover('crossed', '--repository', 'main', '--type', 'immediate', '--target-action', 'promote');
is($crossed->psql($sum), $site->cluster->psql($sum), 'what libs3 stored restores without it');
$crossed->stop('immediate');
$site->{sections}{'repository main'}{type} = 'libs3';
$site->write_conf;
my $absent = ['archive-get', '--service', 'erp-prod', '000000010000000000000099', $site->path('wal')];
$site->tool_fails($absent, 1, qr/^/, 'absence that both repositories prove has status 1');

# A gateway that stands still in the middle, which is some seconds long: libs3 would wait for ever.
$site->write_conf('repository main' => { 'bandwidth-up' => '4MiB' });
my $stored = $ceph->versions('one', 'erp/');
my $running = $site->tool_start($site->backup_arguments, '--jobs', '4');
poll_until('it stores', sub { $ceph->versions('one', 'erp/') > $stored + 1 || !$running->running }, 30);
$ceph->pause_gateway;
ok($running->running, 'the gateway stands still in the middle of a backup');
is(loaded($running->pid), 'libcurl libcurl-gnutls libs3', 'libs3 and a libcurl of its own are loaded beside ours');
sleep 3;
$ceph->resume_gateway;
my $backup = $running->wait(120);
ok($backup->ok, 'and the backup succeeds when it goes on') or diag($backup->describe);

$ceph->pause_gateway;
$site->write_conf('repository main' => { 'retry-for' => '1s' }, 'service erp-prod' => { repositories => 'main' },
	odrbackup => { 'archive-get-timeout' => '1s' });
$site->tool_fails($absent, 126, qr/nothing came or went for 2 s/, 'archive-get while it stands still has an end: status 126');
$ceph->resume_gateway;

# What is refused, and how.
sub fails {
	my ($keys, $status, $message, $name) = @_;
	$site->write_conf('repository main' => { 'retry-for' => '1s', %$keys }, 'service erp-prod' => { repositories => 'main' });
	return $site->tool_fails(['init', 'erp-prod', '--single-recipient'], $status, $message, "init: $name");
}
fails({ lock => 'governance' }, 2, qr/lock cannot be 'governance': libs3 knows no locks; use type=s3/, 'a lock');
fails({ endpoint => $ceph->tls_endpoint }, 2, qr/tls-unverified=yes/, 'TLS without a word that nobody looks at certificates');
fails({ endpoint => undef }, 2, qr/needs endpoint=: this libs3 signs by version 2/, 'no endpoint');
fails({ credentials => undef, 'credentials-from' => 'instance' }, 2, qr/session tokens, which this libs3 cannot send/, 'a role');
fails({ bucket => 'no-such-bucket' }, 10, qr/ErrorNoSuchBucket: the bucket does not exist/, 'a missing bucket');
fails({ endpoint => 'http://127.0.0.1:1' }, 10, qr/FailedToConnect: nobody listens there/, 'an endpoint where nobody listens');
fails({ credentials => $ceph->credentials(work_path('wrong'), secret => 'nonsense') }, 12, qr/ErrorSignatureDoesNotMatch/, 'a wrong secret');
fails({ credentials => $ceph->credentials(work_path('unknown'), access => 'nobody') }, 12, qr/ErrorInvalidAccessKeyId/, 'an unknown key');

$site->write_conf('repository main' => { endpoint => $ceph->tls_endpoint, 'tls-unverified' => 'yes' });
$site->backup('a backup over TLS that is not verified, and said to be');
$site->tool_fails($absent, 126, qr/is not in the listing of repository main, which proves nothing: libs3 looks at no certificate, .* type=s3/,
	'absence that somebody on the way may have made up is none');
my $segment = $site->cluster->archive_now;
$site->tool_ok(['archive-get', '--service', 'erp-prod', $segment, $site->path('wal')], 'what is there comes');
my $check = $site->tool('check', $site->service);
like($check->out . $check->err, qr/not authenticated/, 'check says that it is not');

# Where no repository is of this type, nobody sees libs3.
for my $program (map { "$ENV{ODR_PREFIX}/$_" } 'bin/odrbackup', map({ "libexec/odrbackup/odrbackup-$_" } 'archive', 'main')) {
	my $linked = run_program(['readelf', '-d', $program]);
	ok($linked->ok && $linked->out !~ /libs3|gnutls/, "$program is not linked with it") or diag($linked->out);
}
$site->write_conf('service erp-prod' => { repositories => 'other' });
$running = $site->tool_start($site->backup_arguments);
my @seen;
poll_until('it has ended', sub { push @seen, loaded($running->pid); !$running->running }, 60);
ok((grep { /libcurl/ } @seen) && !grep({ /libs3/ } @seen), 'where it is not named, it is not loaded');

done_testing();
