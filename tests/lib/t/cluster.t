#!/usr/bin/perl
# Odr::Cluster: a server of each major at hand starts, crashes, recovers, archives, and leaves nothing behind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use Test::More;

use Odr::Cluster;
use Odr::Work;

sub try_cluster {
	my ($version, $name, %option) = @_;
	my $archive = new_dir(work_path("archive-$name"));
	my $cluster = Odr::Cluster->new($version, $name, %option,
		conf => { archive_mode => 'on', archive_command => "test ! -e $archive/%f && cp %p $archive/%f" });
	$cluster->init->start;
	like($cluster->psql('SHOW server_version'), qr/^$version\./, "$version starts");
	is($cluster->psql('SHOW data_checksums'), 'on', "$version has checksums");
	is($cluster->psql('SHOW wal_segment_size'), ($option{wal_segsize} // 16) . 'MB', "$version has its segment size");

	$cluster->pgbench_init(1);
	my $load = $cluster->pgbench(clients => 2);
	$cluster->poll_query('SELECT count(*) > 20 FROM pgbench_history', 't', 30, 'bench');
	my $segment = $cluster->archive_now;
	ok(-e "$archive/$segment", "$version archives $segment");
	$cluster->kill9;
	ok(!kill(0, $cluster->postmaster_pid), "$version is killed");
	eval { $load->wait(20) };
	like($@, qr/^pgbench failed/, 'load notices');
	$cluster->start;
	ok($cluster->log_has(qr/database system was not properly shut down/), "$version recovers");
	$load = $cluster->pgbench(clients => 2, script => "INSERT INTO pgbench_history (tid) VALUES (-1);\n");
	$cluster->poll_query('SELECT count(*) > 5 FROM pgbench_history WHERE tid = -1', 't', 30, 'bench');
	$load->stop;

	$cluster->set(work_mem => '7MB')->reload;
	is($cluster->psql('SHOW work_mem'), '7MB', "$version reloads");
	ok(!eval { $cluster->psql('SELECT 1/0'); 1 }, 'an error of SQL dies');
	like($@, qr/division by zero/, 'and says why');
	ok(!eval { $cluster->poll_query('SELECT 1', '2', 0.2); 1 }, 'waiting for what does not come dies');
	is($cluster->amcheck('bench'), '', "$version passes amcheck");
	$cluster->standby("$name-standby")->stop;
	$cluster->stop;
	is($cluster->postmaster_pid, undef, "$version stops");
	my $checked = $cluster->pg_checksums;
	ok($checked->ok, "$version passes pg_checksums") or diag $checked->err;
	return $cluster;
}

my @versions = $ENV{ODR_PG} ? split(/ /, $ENV{ODR_PG}) : full_run() ? (13 .. 18) : (15);
try_cluster($_, "v$_") for @versions;
try_cluster(15, "small", wal_segsize => 1) if !$ENV{ODR_PG};

# A test that dies leaves no server.
my $script = write_file(work_path('dies.pl'), <<'PERL', 0755);
use Odr::Cluster; use Odr::Work;
my $cluster = Odr::Cluster->new(15, 'dies')->init->start;
print $cluster->postmaster_pid, "\n", work_dir(), "\n", $cluster->socket, "\n";
$| = 1; print '';
die "on purpose\n";
PERL
my $dies = run_program([$^X, '-I', "$FindBin::Bin/..", $script], user => 'root', env => { ODR_WORK => $ENV{ODR_WORK} });
my ($pid, undef, $socket) = split /\n/, $dies->out;
like($dies->err, qr/on purpose/, 'a test dies');
isnt($dies->status, 0, 'with a status');
ok($pid && poll_until('its server is gone', sub { !kill 0, $pid }, 5), 'and its server is stopped');
ok($socket && !-e $socket, 'and its socket folder is gone');

done_testing;
