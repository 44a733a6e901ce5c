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
my %repository = (type => 's3', path => undef, endpoint => $ceph->endpoint, bucket => $bucket, credentials => $credentials,
	'silence-timeout' => '2s', 'retry-for' => '60s');
my $site = Odr::Site->new(sections => { 'repository main' => \%repository })->create;

$site->cluster->psql('CREATE TABLE bulk AS SELECT id, md5(id::text) || md5((-id)::text) AS text FROM generate_series(1, 600000) id');

# Does something to the gateway while a command runs, after so many seconds.
sub during {
	my ($name, $delay, $arguments, $trouble, $end) = @_;
	my $running = $site->tool_start(@$arguments);
	select undef, undef, undef, $delay;
	my $met = $running->running;
	$trouble->();
	select undef, undef, undef, 3;
	$end->();
	my $result = $running->wait(120);
	ok($result->ok, $name . ($met ? '' : ' (it had ended before)')) or diag($result->describe);
}

my $n = 0;
for my $delay (0.3, 0.8) {
	during("backup: the gateway is killed after $delay s", $delay, [$site->backup_arguments],
		sub { $ceph->kill_gateway }, sub { $ceph->start_gateway });
	during("backup: the gateway is silent after $delay s", $delay, [$site->backup_arguments],
		sub { $ceph->pause_gateway }, sub { $ceph->resume_gateway });
	my $dir = $site->path('killed-' . ++$n);
	during("restore: the gateway is killed after $delay s", $delay, [$site->restore_arguments($dir, '--type', 'immediate')],
		sub { $ceph->kill_gateway }, sub { $ceph->start_gateway });
	run_program(['rm', '-rf', $dir]);
}

my $copy = $site->recover('copy', '--type', 'immediate', '--target-action', 'promote');
is($copy->psql('SELECT count(*), sum(hashtext(text)) FROM bulk'),
	$site->cluster->psql('SELECT count(*), sum(hashtext(text)) FROM bulk'), 'what was backed up meanwhile restores');
$copy->stop('immediate');

# While it is gone: louder than absence, in time.
$ceph->kill_gateway;
$site->write_conf('repository main' => { %repository, 'retry-for' => '1s' }, odrbackup => { 'archive-get-timeout' => '1s' });
my $get = $site->tool_fails(['archive-get', '--service', 'erp-prod', '000000010000000000000001', $site->path('wal')], 126,
	qr/cannot be told/, 'archive-get while the store is gone');
cmp_ok($get->seconds, '<', 15, 'and not for ever');
$ceph->start_gateway;

done_testing();
