#!/usr/bin/perl
# A running cluster is captured whole, and comes back whole: under load, with everything that belongs to it and nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);

use Odr::Rows;
use Odr::Site;
use Odr::Work;

sub run_ok {
	my ($program, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok($program->ok, $name) || diag $program->out . $program->err;
}

# Files below a folder, relative, without following links.
sub files_below {
	my ($dir) = @_;
	my $find = run_program(['find', $dir, '-mindepth', '1', '-printf', '%P\0']);
	return map { $_ => 1 } split /\0/, $find->out;
}

sub mode_of { return sprintf '%04o', (lstat $_[0])[2] & 07777 }

sub is_copying {
	my ($site) = @_;
	return $site->cluster->psql(<<'SQL') eq '1';
SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'odrbackup %' AND query ~ 'backup_start' AND state = 'idle'
SQL
}

# A backup that was stopped by SIGSTOP while it copies. One that was too quick for that is let go, and another begun.
sub held_while_copying {
	my ($site) = @_;
	for (1 .. 20) {
		my $run = $site->tool_start($site->backup_arguments);
		poll_until('the backup copies', sub { is_copying($site) || !$run->running }, 60);
		$run->signal('STOP');
		return $run if $run->running && is_copying($site);
		$run->signal('CONT');
		my $result = $run->wait(120);
		$result->ok or die "the backup ended early:\n" . $result->describe;
	}
	die "no backup could be held while it copied\n";
}

my $site = Odr::Site->new(version => 15)->create;
my $source = $site->cluster;
my $pgdata = $source->pgdata;
my $verifier = $source->tool_path('pg_verifybackup');

$source->pgbench_init(8);
$source->psql('CREATE EXTENSION amcheck', 'bench');
my $load = $source->pgbench(clients => 2);
my $rows = Odr::Rows->new($source)->start;
$source->psql('CREATE EXTENSION amcheck', 'rows');

# What belongs to the cluster, however odd, and what does not.
my %kept = (
	'kept/empty' => undef,
	'kept/closed' => 0600,
	'kept/open' => 0644,
	'kept/program' => 0755,
	"kept/line\nbreak" => 0600,
	"kept/quote\" and 'quote' \$(x) %p" => 0600,
	"kept/not \xff\xfe utf-8" => 0640,
	"kept/umlaut \xc3\xa4" => 0600,
	'kept/backup_label' => 0600,
	'kept/postmaster.pid' => 0600,
	'kept/nothing' => 0600,
	'-kept' => 0600,
	'log/today.log' => 0600,
);
my %left_out = map { $_ => 1 } qw(
	backup_manifest postgresql.auto.conf.tmp current_logfiles.tmp pg_stat_tmp/global.stat
	pg_notify/0000 pg_serial/0000 pg_snapshots/1 pg_subtrans/0001 pg_dynshmem/mmap.1 base/pgsql_tmp/pgsql_tmp1.1
	pg_replslot/slot/state global/pg_internal.init base/1/pg_internal.init.77 base/1/t3_16400 base/1/t3_16400_fsm.1);

my $oid = $source->psql("SELECT oid FROM pg_database WHERE datname = 'bench'");
$source->psql(<<'SQL', 'bench');
CREATE UNLOGGED TABLE unlogged (n int PRIMARY KEY);
INSERT INTO unlogged SELECT generate_series(1, 1000);
CHECKPOINT;
SQL
my @unlogged = split /\n/, $source->psql(
	"SELECT pg_relation_filepath(c) FROM unnest(ARRAY['unlogged', 'unlogged_pkey']::regclass[]) c", 'bench');
$source->psql("SELECT pg_create_physical_replication_slot('slot', true)");

new_dir("$pgdata/kept", 0711);
new_dir("$pgdata/kept/empty", 0750);
new_dir("$pgdata/log");
for my $name (grep { defined $kept{$_} } keys %kept) {
	write_file("$pgdata/$name", $name eq 'kept/nothing' ? '' : "content of $name\n", $kept{$name});
}
for my $name (keys %left_out) {
	new_dir("$pgdata/" . $name =~ s{/[^/]+$}{}r, 0700) if $name =~ m{/} && !-d "$pgdata/" . $name =~ s{/[^/]+$}{}r;
	write_file("$pgdata/$name", "not wanted\n") if !-e "$pgdata/$name";
}
symlink 'kept/open', "$pgdata/link-to-file" or die;
# As some hosts have it: the configuration elsewhere, a link in its place.
rename "$pgdata/postgresql.conf", $site->path('moved.conf') or die;
symlink $site->path('moved.conf'), "$pgdata/postgresql.conf" or die;

my $before = $rows->wait_for(10)->moment;
my $first = $site->backup('a backup under load');
$rows->wait_for(10);
my $after = $rows->moment;
my ($set) = $first->out =~ /^Set (\S+):/;

subtest 'a backup says what it made, and no more than that' => sub {
	like($first->out, qr/^Set \d{8}T\d{6}Z-[0-9a-f]+: .+ in \d+ files, stored in .+; WAL [0-9A-F]+\/[0-9A-F]+ to [0-9A-F]+\/[0-9A-F]+\.$/m,
		'text: the set on stdout');
	unlike($first->out . $first->err, qr/\r|copying/, 'no progress when it does not write to a terminal');

	my $json = $site->tool_ok([$site->backup_arguments, '--json'], 'backup --json');
	my @lines = $json->json_lines;
	is($lines[-1]{message_type}, 'summary', 'the last line is a summary');
	like($lines[-1]{set}, qr/^\d{8}T\d{6}Z-[0-9a-f]+$/, 'which names the set');
	cmp_ok($lines[-1]{bytes}, '>', 100e6, 'and its bytes');
	cmp_ok($lines[-1]{stored}, '<', $lines[-1]{bytes}, 'and what it takes in the repository');
	like($lines[-1]{stopped}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'and its time as RFC 3339');
	is_deeply($lines[-1]{damaged}, [], 'and no damage');

	my $quiet = $site->tool_ok(['-q', $site->backup_arguments], 'backup -q');
	is($quiet->out . $quiet->err, '', '-q: silence on success');

	my $plain = $site->tool_ok([$site->backup_arguments, '--progress', 'plain'], 'backup --progress plain');
	my @shown = grep { /^odrbackup: backup .* %/ } split /\n/, $plain->err; # a copy may be too quick to be seen
	cmp_ok(scalar @shown, '>=', 1, 'plain progress has lines') or diag $plain->describe;
	cmp_ok(scalar @shown, '<=', 15, 'about one for 10 %');
	unlike($plain->err, qr/\r|\e/, 'without control characters');
	unlike($plain->out, qr/copying/, 'on stderr only');
};

subtest 'restored to the end of the set: consistent, and PostgreSQL\'s own tools find nothing' => sub {
	my $dir = $site->restore('immediate', '--set', $set, '--type', 'immediate', '--verify-with', $verifier);
	like(read_file("$dir/backup_manifest"), qr/"PostgreSQL-Backup-Manifest-Version": 1/, 'the manifest for pg_verifybackup is there');
	run_ok($source->pg_verifybackup($dir, '-e'), 'pg_verifybackup by hand, before the first start');

	my %have = files_below($dir);
	ok($have{$_}, "'" . ($_ =~ s/[^ -~]/?/gr) . "' is there") for sort keys %kept;
	is(mode_of("$dir/$_"), sprintf('%04o', $kept{$_}), "the mode of '" . ($_ =~ s/[^ -~]/?/gr) . "'")
	  for sort grep { defined $kept{$_} } keys %kept;
	is(read_file("$dir/$_"), "content of $_\n", "the content of '" . ($_ =~ s/[^ -~]/?/gr) . "'")
	  for sort grep { defined $kept{$_} && $_ ne 'kept/nothing' } keys %kept;
	is(-s "$dir/kept/nothing", 0, 'an empty file is empty');
	is(mode_of("$dir/kept/empty"), '0750', 'the mode of an empty folder');
	is(mode_of("$dir/kept"), '0711', 'the mode of a folder with content');
	is(mode_of($dir), '0700', 'the mode of the data directory');
	ok(!$have{$_}, "'$_' is left out") for sort(grep({ $_ ne 'backup_manifest' } keys %left_out), 'postmaster.pid', 'postmaster.opts', @unlogged);
	ok($have{"${_}_init"}, "the init fork '${_}_init' is there") for @unlogged;
	ok(-d "$dir/$_", "the folder '$_' is there")
	  for qw(pg_stat_tmp pg_notify pg_serial pg_snapshots pg_subtrans pg_dynshmem pg_replslot pg_wal pg_twophase pg_commit_ts);
	is_deeply([grep { m{^pg_wal/} && -f "$dir/$_" } keys %have], [], 'pg_wal holds no file');
	ok(-f "$dir/postgresql.conf" && !-l "$dir/postgresql.conf", 'a linked postgresql.conf is taken along as a file');
	is(read_file("$dir/postgresql.conf"), read_file($site->path('moved.conf')), 'with its content');
	ok(!-l "$dir/link-to-file" && read_file("$dir/link-to-file") eq "content of kept/open\n", 'a link to a file is followed');
	is_deeply([grep { /odrbackup/ } keys %have], [], 'nothing of ours is left behind');

	my $copy = $source->copy_at('copy-immediate', $dir)->start->wait_paused;
	my $reached = $copy->psql('SELECT max(ord) FROM odr_row', 'rows');
	cmp_ok($reached, '>=', $before->{ord}, 'what was committed before the backup is there');
	cmp_ok($reached, '<=', $after->{ord}, 'and nothing from after it');
	$rows->remember->ok_exactly($copy, $reached, 'and all in between');
	is($copy->amcheck('bench'), '', 'amcheck, while it rests at the target');
	$copy->promote;
	is($copy->amcheck('rows'), '', 'amcheck, when it is open');
	is($copy->psql('SELECT count(*) FROM unlogged', 'bench'), '0', 'an unlogged table is empty, and there');
	is($copy->psql('SELECT count(*) FROM pg_replication_slots'), '0', 'no replication slot came along');
	$copy->stop;
	run_ok($copy->pg_checksums, 'pg_checksums');
};

$load->stop;
$rows->stop;
$source->archive_now;

subtest 'restored to the end of the archive: everything that was committed' => sub {
	my $copy = $site->recover('latest', '--verify-with', $verifier);
	$rows->ok_exactly($copy, $rows->last_ord, 'exactly the rows of the source');
	my $history = 'SELECT count(*), sum(delta), sum(aid::numeric * tid) FROM pgbench_history';
	is($copy->psql($history, 'bench'), $source->psql($history, 'bench'), 'the history of pgbench');
	is($copy->psql('SELECT sum(abalance) FROM pgbench_accounts', 'bench'), $copy->psql('SELECT sum(delta) FROM pgbench_history', 'bench'),
		'its books balance');
	is($copy->amcheck('bench'), '', 'amcheck: bench');
	is($copy->amcheck('rows'), '', 'amcheck: rows');
	$copy->stop;
	run_ok($copy->pg_checksums, 'pg_checksums');
};

subtest 'pg_verifybackup by its bare name is found on the search path, and its verdict counts' => sub {
	my $bin = $verifier =~ s{/[^/]+$}{}r;
	my $dir = $site->path('by-name');
	$site->tool_ok([$site->restore_arguments($dir, '--verify-with', 'pg_verifybackup')], 'by name',
		{ env => { PATH => "$bin:$ENV{PATH}" } });
	my $liar = write_file($site->path('pg_verifybackup'), "#!/bin/sh\necho 'pg_verifybackup: error: checksum mismatch' >&2\nexit 1\n", 0755);
	$dir = $site->path('not-verified');
	$site->tool_fails([$site->restore_arguments($dir, '--verify-with', $liar)], 4, 'checksum mismatch',
		'what it finds ends the restore with status 4');
	ok(!-e "$dir/global/pg_control", 'and the folder cannot be started');
	$site->tool_fails([$site->restore_arguments($site->path('none'), '--verify-with', '/nowhere/pg_verifybackup')], 1,
		'/nowhere/pg_verifybackup', 'a program that is not there is named');
};

subtest 'SIGTERM while copying ends the run cleanly' => sub {
	my $run = held_while_copying($site);
	pass('the backup is held while it copies');
	my @sets = sort glob $site->repository . '/*/set/*';
	cmp_ok(scalar @sets, '>=', 4, 'there are sets');
	$run->signal('TERM');
	$run->signal('CONT');
	$run->wait(30);
	is($run->died_of, 0, 'it is not killed');
	is($run->status, 143, 'status 143');
	like($run->err, qr/stopped by SIGTERM/, 'and says why');
	is_deeply([sort glob $site->repository . '/*/set/*'], \@sets, 'no set came of it');
	$source->poll_query("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'odrbackup %'", '0', 20);
	$source->poll_query("SELECT pg_backup_start('own', true) IS NOT NULL", 't', 20);
	ok(!-e "$pgdata/backup_label", 'the server is in no backup');
	$site->backup('the next backup succeeds');
};

subtest 'two backups of a service at the same time: the second waits or gives up' => sub {
	my $run = held_while_copying($site);
	pass('the first is held while it copies');
	$site->tool_fails([$site->backup_arguments, '--lock-wait', '0'], 11, qr/lock/i, '--lock-wait 0 ends with status 11 at once');
	my $second = $site->tool_start($site->backup_arguments, '--lock-wait', '2min');
	sleep 0.5;
	ok($second->running, 'with --lock-wait it waits');
	$run->signal('CONT');
	run_ok($run->wait(120), 'the first is not disturbed');
	run_ok($second->wait(120), 'the second follows');
};

subtest 'what cannot work is said at once' => sub {
	$site->tool_fails(['backup', 'erp-prdo'], 2, qr/erp-prdo/, 'an unknown service');
	$site->tool_fails([$site->backup_arguments, '--part', 'moon'], 2, "there is no part 'moon'", 'an unknown part');
	$site->tool_fails([$site->backup_arguments, '--jobs', '0'], 2, qr/jobs/, 'no workers');
	$site->tool_fails([$site->backup_arguments, '--fulll'], 2, qr/'--fulll'.*--full/s, 'a typing error in an option gets a suggestion');
	my $repository = $site->repository;
	rename $repository, "$repository.away" or die;
	$site->tool_fails([$site->backup_arguments], 10, qr/\Q$repository\E/, 'a repository that is not there');
	rename "$repository.away", $repository or die;
};

subtest 'configuration files outside the data directory' => sub {
	my $etc = Odr::Site->new(name => 'etc', archive => 0)->create;
	my $server = $etc->cluster->stop;
	my $dir = new_dir($etc->path('etc postgresql/15/main'), 0755);
	new_dir("$dir/conf.d", 0750);
	for my $name (qw(postgresql.conf pg_hba.conf pg_ident.conf)) {
		rename $server->pgdata . "/$name", "$dir/$name" or die;
	}
	append_file("$dir/postgresql.conf", "include_dir = 'conf.d'\narchive_command = '" . $etc->archive_command . "'\n");
	write_file("$dir/conf.d/site.conf", "work_mem = '7MB'\n", 0640);
	write_file("$dir/start.conf", "auto\n", 0644);
	my $files = sub { my ($below) = @_; return {
			config_file => "$below$dir/postgresql.conf", hba_file => "$below$dir/pg_hba.conf", ident_file => "$below$dir/pg_ident.conf" } };
	$server->{overrides} = { %{ $files->('') }, data_directory => $server->pgdata };
	$server->start;
	$etc->backup('a backup');

	my $given = $etc->path('given');
	my $pgdata = $etc->restore('with', '--with-config', $given, '--type', 'immediate', '--target-action', 'promote', '--verify-with', $verifier);
	is(read_file("$given$dir/$_"), read_file("$dir/$_"), "'$_' is given back")
	  for qw(postgresql.conf pg_hba.conf pg_ident.conf conf.d/site.conf start.conf);
	is(mode_of("$given$dir/conf.d/site.conf"), '0640', 'with its mode');
	is(mode_of("$given$dir/conf.d"), '0750', 'and that of its folder');
	ok(!-e "$pgdata/postgresql.conf", 'and not into the data directory');
	my $copy = $server->copy_at('etc-copy', $pgdata, overrides => { %{ $files->($given) }, data_directory => $pgdata });
	$copy->start->wait_promoted;
	is($copy->psql('SHOW work_mem'), '7MB', 'the copy runs with it');
	$copy->stop('immediate');

	my $without = $etc->restore('without', '--type', 'immediate');
	my %have = files_below($without);
	ok(!grep({ /postgresql\.conf|site\.conf|outside/ } keys %have), 'without --with-config they stay in the set');
};

subtest 'a server that is not there' => sub {
	$source->stop;
	$site->tool_fails([$site->backup_arguments], 10, qr/cannot connect to the server/, 'status 10, and says so');
};

done_testing;
