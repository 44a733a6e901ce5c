#!/usr/bin/perl
# The store dies, comes back, falls silent: work goes on, and what is listed restores.
use strict;
use warnings;
use lib 'tests/lib';

use Test::More;

use Odr::Ceph;
use Odr::Site;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $credentials = $ceph->credentials(work_path('credentials'));
my $bucket = $ceph->make_bucket('trouble', versions => 1);
# What is moved takes seconds by that: trouble meets it under way.
my %repository = (type => 's3', path => undef, endpoint => $ceph->endpoint, bucket => $bucket, credentials => $credentials,
	'silence-timeout' => '1s', 'retry-for' => '60s', 'bandwidth-up' => '8MiB', 'bandwidth-down' => '8MiB');
my $site = Odr::Site->new(sections => { 'repository main' => \%repository, odrbackup => { 'archive-get-batch' => 0 } })->create;
my $cluster = $site->cluster;

$cluster->psql('CREATE TABLE bulk AS SELECT id, md5(id::text) || md5((-id)::text) AS text FROM generate_series(1, 400000) id');
$site->backup('a backup in peace');
my $segment = $cluster->archive_now;
my $right = $site->path('right');
$site->tool_ok(['archive-get', '--service', 'erp-prod', $segment, $right], 'a segment in peace');

# Something happens to the gateway while a command runs, after so many seconds.
sub during {
	my ($name, $trouble, $end, $delay, @arguments) = @_;
	my $running = $site->tool_start(@arguments);
	select undef, undef, undef, $delay;
	my $met = $running->running;
	$trouble->();
	$end->();
	my $result = $running->wait(120);
	ok($result->ok, $name . ($met ? '' : ' (it had ended before)')) or diag($result->describe);
}

my $n = 0;
my %way = (
	killed => [sub { $ceph->kill_gateway }, sub { $ceph->start_gateway }],
	# For longer than it is waited for.
	frozen => [sub { $ceph->pause_gateway }, sub { select undef, undef, undef, 1.5; $ceph->resume_gateway }],
);
for my $way (sort keys %way) {
	my ($trouble, $end) = @{ $way{$way} };
	during("backup: the gateway is $way", $trouble, $end, 1, $site->backup_arguments);
	my $dir = $site->path('restored-' . ++$n);
	during("restore: the gateway is $way", $trouble, $end, 1, $site->restore_arguments($dir, '--type', 'immediate'));
	run_program(['rm', '-rf', $dir]);
	during("archive-get: the gateway is $way", $trouble, $end, 0.3, 'archive-get', '--service', 'erp-prod', $segment, $site->path('wal'));
	ok(read_file($site->path('wal')) eq read_file($right), 'and what came is whole');

	# The archiver of a real server, in the middle of some segments.
	my $failed = 'SELECT failed_count FROM pg_stat_archiver';
	my $before = $cluster->psql($failed);
	$cluster->psql('INSERT INTO bulk SELECT id, md5(id::text) || md5((id + 1)::text) FROM generate_series(1, 300000) id');
	$trouble->();
	$end->();
	$cluster->archive_now(120);
	is($cluster->psql($failed), $before, "archive-push: the gateway is $way, and no segment has to be archived again");
}

my $copy = $site->recover('copy');
is($copy->psql('SELECT count(*), sum(hashtext(text)) FROM bulk'), $cluster->psql('SELECT count(*), sum(hashtext(text)) FROM bulk'),
	'what was backed up and archived meanwhile restores');
$copy->stop('immediate');

# While it is gone: louder than absence, in time.
$ceph->kill_gateway;
$site->write_conf('repository main' => { %repository, 'retry-for' => '1s' }, odrbackup => { 'archive-get-batch' => 0, 'archive-get-timeout' => '1s' });
$site->tool_fails(['archive-get', '--service', 'erp-prod', '000000010000000000000001', $site->path('wal')], 126,
	qr/cannot be told/, 'archive-get while the store is gone: not for ever');
$ceph->start_gateway;

done_testing();
