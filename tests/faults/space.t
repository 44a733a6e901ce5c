#!/usr/bin/perl
# A disk that is full stops a backup, a push, a restore with its own status, loses nothing, and hinders nothing once there is room.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Disk;
use Odr::Faults;
use Odr::Tool;
use Odr::Work;

my $site = Odr::Site->new(version => 15, archive => 0, cluster => { wal_segsize => 1 },
	sections => { odrbackup => { workers => 2, 'archive-get-batch' => 0, 'archive-check-timeout' => '30s' } });
my $real = disk_mount($site->repository, 24);
$site->create->start_archiving;
my $cluster = $site->cluster;
my $promise = Odr::Faults->new($site);
$cluster->psql("CREATE TABLE witness AS SELECT n, md5(n::text) AS text FROM generate_series(1, 5000) n");
$site->backup('a backup with room');
$promise->ok_sets('with room', start => 1);

# Runs with so many KiB left, or with a fault in place of it.
sub when_full {
	my ($left, $fault, $run) = @_;
	return $run->({ env => { ODR_FAULT => $fault, ODR_FAULT_LOG => write_file(work_path('full.log'), '', 0666) } }) if !$real;
	disk_fill($site->repository, $left);
	my $result = $run->({});
	disk_make_room($site->repository);
	return $result;
}

subtest 'a backup' => sub {
	for my $left (1500, 700, 100, 0) {
		# WAL needs room of its own while the backup runs: it gets none, either, which is the hardest case.
		my $result = when_full($left, 'store.put:' . (1 + $left % 4) . ':nospace', sub { $site->tool($site->backup_arguments, @_) });
		ok(grep({ $result->status == $_ } 10, 14), "$left KiB left: 14, or 10 where the archive stopped first") or diag $result->describe;
		like($result->err, qr/No space left|was not pushed within/, "$left KiB left: it says so");
		$promise->ok_sets("$left KiB left");
		$promise->ok_no_session("$left KiB left");
		is(scalar(my @drafts = glob $site->repository . '/*/pack/*/*/.*.tmp'), 0, "$left KiB left: no drafts are left");
	}
	# The archiver waits up to a minute after failures: it is woken.
	$cluster->restart;
	$site->backup('with room again');
	$promise->ok_sets('with room again', start => 1);
	$promise->ok_chain('with room again');
};

subtest 'a push' => sub {
	$cluster->set(archive_command => '/bin/false')->reload;
	$cluster->psql("INSERT INTO witness SELECT n, md5(n::text) FROM generate_series(5001, 9000) n");
	my $segment = $cluster->psql('SELECT pg_walfile_name(pg_switch_wal())');
	my $push = sub { $site->tool('archive-push', '--service', $site->service, "pg_wal/$segment", { cwd => $cluster->pgdata, %{ $_[0] // {} } }) };
	for my $left (40, 4, 0) {
		my $result = when_full($left, 'store.put:1:nospace', $push);
		is($result->status, 14, "$left KiB left: 14, which is not fatal to the archiver") or diag $result->describe;
		is($site->tool('archive-get', '--service', $site->service, $segment, $site->path('got'))->status, 1, "$left KiB left: nothing half is there");
	}
	ok($push->()->ok, 'with room: 0');
	ok($site->tool('archive-get', '--service', $site->service, $segment, $site->path('got'))->ok, 'and it is there');
	is(read_file($site->path('got')), read_file($cluster->pgdata . "/pg_wal/$segment"), 'whole');
	$cluster->psql('DELETE FROM witness WHERE n > 5000');
	$cluster->set(archive_command => $site->archive_command)->reload;
	$cluster->restart;
};

subtest 'the target of a restore' => sub {
	my $disk = $site->path('disk');
	if (!disk_mount($disk, 12)) {
		my $result = $site->tool($site->restore_arguments("$disk/pg"), { env => { ODR_FAULT => 'file.write:100:nospace', ODR_FAULT_LOG => write_file(work_path('r.log'), '', 0666) } });
		is($result->status, 14, 'a full target: 14') or diag $result->describe;
		return;
	}
	my $refused = $site->tool($site->restore_arguments("$disk/pg"));
	is($refused->status, 14, 'a disk that is too small: 14') or diag $refused->describe;
	like($refused->err, qr/needs .+ has /, 'said before anything is written');
	ok(!-e "$disk/pg", 'and nothing was');

	# With --delta it cannot be told beforehand what is needed.
	new_dir("$disk/pg");
	my $full = $site->tool($site->restore_arguments("$disk/pg", '--delta', '--confirm', $site->service));
	is($full->status, 14, 'a disk that runs full: 14') or diag $full->describe;
	ok(!-e "$disk/pg/global/pg_control", 'no server starts there');
	run_program(['mount', '-o', 'remount,size=100m', $disk], user => 'root')->ok or die;
	$site->tool_ok([$site->restore_arguments("$disk/pg", '--delta', '--confirm', $site->service, '--type', 'immediate', '--target-action', 'promote',
			'--verify-with', $cluster->tool_path('pg_verifybackup'))], 'with room the same command completes it');
	my $copy = $cluster->copy_at('roomy', "$disk/pg")->start(60)->wait_promoted(60);
	is($copy->psql('SELECT count(*), bool_and(md5(n::text) = text) FROM witness'), '5000|t', 'and it starts');
	$copy->stop('immediate');
};

# The local state on a disk that is full: nothing is said to be durable that is not recorded.
subtest 'the local state' => sub {
	my $state = $site->path('state', $site->service);
	if (!$real) {
		plan skip_all => 'mounting is not permitted here';
	}
	my $kept = $site->path('state-kept');
	run_program(['cp', '-a', $state, $kept])->ok or die;
	disk_mount($state, 1) or die;
	run_program(['sh', '-c', "cp -a $kept/. $state/"])->ok or die;
	disk_fill($state, 0);
	my $result = $site->tool($site->backup_arguments, { timeout => 120 });
	ok(grep({ $result->status == $_ } 10, 14), 'a backup: 14, or 10 where the archive stopped first') or diag $result->describe;
	$promise->ok_sets('state full');
	disk_make_room($state);
	$cluster->restart;
	$site->backup('with room again');
	$promise->ok_sets('state with room again');
	$promise->ok_chain('state with room again');
};

done_testing;
