#!/usr/bin/perl
# What could destroy or mislead is refused by name: directories that are not ours to write, half restores, other clusters,
# wrong keys, archiving that does not work; and --delta changes what differs and nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Digest::MD5;
use File::Find;
use File::Glob 'bsd_glob';
use Test::More;
use Time::HiRes qw(sleep time);

use Odr::Rows;
use Odr::Site;
use Odr::Tool;
use Odr::Work;

my $mark = '.odrbackup-restore';
my @confirm = ('--confirm', 'erp-prod');

# Every file and folder below, with type, mode, and content; times do not count.
sub tree_of {
	my ($dir) = @_;
	my %tree;
	find({ no_chdir => 1, wanted => sub {
			my $path = substr($_, length $dir) || return;
			my @status = lstat $_;
			my $content = -l _ ? readlink : -f _ ? Digest::MD5->new->addfile(scalar(open_file($_)))->hexdigest : '';
			$tree{ substr $path, 1 } = sprintf '%o %s', $status[2], $content;
		} }, $dir);
	return \%tree;
}

sub open_file {
	my ($path) = @_;
	open my $file, '<:raw', $path or die "$path: $!";
	return $file;
}

# The same, by which it is seen that nothing was touched; a server may be at work on what is its own.
sub marks_of {
	my ($dir) = @_;
	my %marks;
	find({ no_chdir => 1, wanted => sub {
			my @status = lstat $_;
			$marks{$_} = "@status[1, 2, 7]" if @status && !/\/(?:pg_|base|global)/;
		} }, $dir) if -e $dir;
	return \%marks;
}

sub is_same_tree {
	my ($got, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %all = map { $_ => 1 } keys %$got, keys %$expected;
	my @differ = grep { ($got->{$_} // '') ne ($expected->{$_} // '') } sort keys %all;
	ok(!@differ, $name) or diag join "\n", map { "$_: " . ($got->{$_} // 'missing') . ', not ' . ($expected->{$_} // 'missing') } @differ;
}

my $site = Odr::Site->new(version => 15)->create;
my $source = $site->cluster;
$source->pgbench_init(8);
my $rows = Odr::Rows->new($source)->start;
$rows->wait_for(10);
$site->backup('a backup');
$rows->wait_for(20)->stop;
$source->archive_now;
my $other = Odr::Site->new(name => 'other', archive => 0)->create;

sub restore_fails {
	my ($dir, $message, $name, @more) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $before = marks_of($dir);
	$site->tool_fails([$site->restore_arguments($dir, @more)], 6, $message, $name);
	is_same_tree(marks_of($dir), $before, 'and nothing was touched');
}

subtest 'directories that are not to be written' => sub {
	restore_fails($source->pgdata, qr/postmaster\.pid' exists: a server runs in this directory/, 'that of a running server');
	restore_fails($source->pgdata, qr/postmaster\.pid' exists/, 'even with --delta', '--delta', @confirm);

	my $foreign = new_dir($site->path('foreign'));
	write_file("$foreign/thesis.odt", 'years of work');
	restore_fails($foreign, qr/is not empty and not a data directory of PostgreSQL/, 'a folder with files of someone else');
	restore_fails($foreign, qr/is not empty and not a data directory of PostgreSQL/, 'even with --delta', '--delta', @confirm);

	$other->cluster->stop;
	restore_fails($other->cluster->pgdata, qr/holds another cluster: its system identifier is \d+, the set's is \d+/, 'another cluster');
	restore_fails($other->cluster->pgdata, qr/holds another cluster/, 'even with --delta', '--delta', @confirm);
	$other->cluster->start;

	my $file = write_file($site->path('a-file'), 'text');
	$site->tool_fails([$site->restore_arguments($file)], 6, qr/\Q$file\E/, 'a file');
	is(read_file($file), 'text', 'which stays');

	my $empty = new_dir($site->path('empty'), 0755);
	$site->tool_ok([$site->restore_arguments($empty)], 'an empty folder is taken');
	is(sprintf('%o', (stat $empty)[2] & 07777), '700', 'and gets the mode that PostgreSQL wants');

	restore_fails($empty, qr/is not empty; with --delta/, 'a copy of the same cluster wants --delta');
	restore_fails($empty, qr/will be written over\..*give --confirm erp-prod if it is meant/, '--delta wants a confirmation', '--delta');
	restore_fails($empty, qr/--confirm names 'erp-test', the service is 'erp-prod'/, 'of this service', '--delta', '--confirm', 'erp-test');
	$site->tool_fails(['restore', 'erp-prod'], 2, qr/restore needs --pgdata/, 'a folder has to be named');
};

# A restore that was sent a signal while it wrote. One that was too quick for that is removed, and another begun.
sub restore_met_by {
	my ($signal, $dir) = @_;
	for (1 .. 20) {
		my $run = $site->tool_start($site->restore_arguments($dir));
		my $end = time + 60;
		sleep 0.001 while !-e "$dir/base" && time < $end && $run->running;
		$run->signal($signal);
		$run->wait;
		return $run if !$run->ok;
		run_program(['rm', '-rf', $dir]);
	}
	die "no restore could be interrupted\n";
}

subtest 'an interrupted restore cannot be started, and is completed by --delta' => sub {
	my $dir = $site->path('half');
	my $run = restore_met_by('KILL', $dir);
	is($run->died_of, 9, 'killed while it writes') or diag $run->describe;
	ok(-e "$dir/$mark", 'our mark is there');
	ok(!-e "$dir/global/pg_control", 'pg_control is not');

	my $copy = $source->copy_at('half', $dir);
	ok(!$copy->try_start(20), 'no server starts there');
	ok(!-e "$dir/global/pg_control", 'still not');
	restore_fails($dir, qr/is not empty; with --delta/, 'a second restore wants --delta');
	my $delta = $site->tool_ok([$site->restore_arguments($dir, '--delta', @confirm, '--verify-with', $source->tool_path('pg_verifybackup'))],
		'with it, the restore is completed');
	ok(!-e "$dir/$mark", 'the mark is gone');
	$copy->start->wait_promoted;
	$rows->ok_exactly($copy, $rows->last_ord, 'every row is there');
	$copy->stop;
	ok($copy->pg_checksums->ok, 'pg_checksums');
};

subtest 'a restore that is stopped leaves nothing that starts' => sub {
	my $dir = $site->path('stopped');
	my $run = restore_met_by('TERM', $dir);
	is($run->status, 143, 'SIGTERM: status 143') or diag $run->describe;
	ok(!-e "$dir/global/pg_control", 'no pg_control');
};

subtest '--delta mends what differs, and keeps the rest' => sub {
	my $fresh = tree_of($site->restore('fresh', '--type', 'immediate'));
	my $dir = $site->restore('mended', '--type', 'immediate');
	my @relations = sort { -s $b <=> -s $a } bsd_glob("$dir/base/*/[0-9]*");
	my ($changed, $shorter, $removed, $linked) = @relations;
	my $size = -s $changed;
	my $kept = (stat $relations[10])[1];

	run_program(['dd', 'if=/dev/urandom', "of=$changed", 'bs=8192', 'seek=5', 'count=1', 'conv=notrunc']);
	truncate $shorter, 8192 * 3 or die;
	unlink $removed or die;
	unlink $linked or die;
	symlink $site->path('a-file'), $linked or die;
	chmod 0644, $relations[4];
	write_file("$dir/base/1/77777", 'more');
	write_file("$dir/extra.conf", 'more');
	new_dir("$dir/$_") for 'extra', 'extra/deep', 'extra/deep/er';
	write_file("$dir/extra/deep/er/file", 'more');
	rmdir "$dir/pg_twophase" or die;
	write_file("$dir/pg_wal/000000010000000000000001", 'stale');
	write_file("$dir/backup_label.old", 'stale');
	write_file("$dir/standby.signal", '');
	append_file("$dir/postgresql.auto.conf", "work_mem = '1MB'\n");

	my $delta = $site->tool_ok([$site->restore_arguments($dir, '--type', 'immediate', '--delta', @confirm, '--json')], 'restore --delta');
	my ($summary) = grep { $_->{message_type} eq 'summary' } $delta->json_lines;
	is_same_tree(tree_of($dir), $fresh, 'the folder is as after a restore into an empty one');
	is(-s $changed, $size, 'sizes, too');
	is((stat $relations[10])[1], $kept, 'a file that was equal is the same file');
	is(read_file($site->path('a-file')), 'text', 'what a link led to was not written');
	my $written = $summary->{files} - $summary->{kept_files};
	cmp_ok($written, '>=', 5, 'what differed was written');
	cmp_ok($written, '<=', 10, 'and nothing else');
	cmp_ok($summary->{written}, '<', $summary->{bytes}, 'in bytes, too');

	my $copy = $source->copy_at('mended', $dir)->start->wait_paused;
	$copy->promote;
	is($copy->amcheck('rows'), '', 'amcheck');
	$copy->stop;
	ok($copy->pg_checksums->ok, 'pg_checksums');
	# From its own timeline and content back to the set once more.
	$site->tool_ok([$site->restore_arguments($dir, '--type', 'immediate', '--delta', @confirm)], 'restore --delta over what has been in use');
	is_same_tree(tree_of($dir), $fresh, 'the folder is as after a restore into an empty one');
};

subtest 'configuration and options by name' => sub {
	$site->tool_fails(['restore', 'erp-prdo', '--pgdata', '/nowhere'], 2, qr/erp-prdo.*erp-prod/s, 'an unknown service, with what there is');
	$site->tool_fails([$site->restore_arguments('/nowhere', '--taget', 'x')], 2, qr/'--taget'.*--target/s, 'an unknown option, with a suggestion');
	$site->tool_fails([$site->restore_arguments('/nowhere', '--tablespace-map', 'one')], 2, qr/OID=DIR/, 'a map that is none');
	$site->write_conf('service erp-prod' => { 'data-dirctory' => '/srv' });
	$site->tool_fails([$site->backup_arguments], 2, qr/data-dirctory.*data-directory/s, 'an unknown key, with a suggestion');
	$site->write_conf('servce erp-prod' => { postgres => 'x' });
	$site->tool_fails([$site->backup_arguments], 2, qr/servce/, 'an unknown section');
	$site->write_conf;
};

subtest 'keys' => sub {
	my $into = $site->path('by-key');
	my @restore = ($site->restore_arguments($into));
	$site->tool_fails([@restore, '--identity', $site->path('none')], 12, qr/\Q@{[$site->path('none')]}\E/, 'an identity that is not there');
	$site->tool_fails([@restore, '--identity', $site->bundle], 12, qr/is a key file of type bundle; needed is one of type identity/, 'a writer bundle opens nothing');
	$site->tool_fails([@restore, '--identity', $site->identity . '.pub'], 12, qr/is a key file of type recipient; needed is one of type identity/, 'nor does what is public');
	$site->tool_fails([@restore, '--identity', $other->identity], 12, qr/'\Q@{[$other->identity]}\E' and the writer bundle '.+' are of different owner keys/, "nor another owner's identity");
	chmod 0644, $site->identity;
	$site->tool_fails([@restore], 12, qr/\Q@{[$site->identity]}\E/, 'an unprotected identity that others can read is refused');
	chmod 0600, $site->identity;

	# The same owner, an identity to which nothing was sealed.
	$site->tool_ok(['key', 'new', 'identity', $site->path('late'), '--owner', $site->owner, '--unprotected'], 'a further identity');
	$site->tool_fails([@restore, '--identity', $site->path('late')], 12, qr/set \S+ cannot be used: this key does not open it/, 'does not open what was not sealed to it');
	$site->write_conf(odrbackup => { identity => undef });
	$site->tool_fails([@restore], 12, qr/this needs a key that opens sets of service 'erp-prod': give --identity FILE or --kit FILE/,
		'without an identity it is said how to give one');
	$site->write_conf(odrbackup => { 'writer-bundle' => undef });
	$site->tool_fails([$site->backup_arguments], 12, qr/writer/, 'without a bundle there is no backup');
	$site->write_conf;
	ok(!-e $into, 'nothing was written');
};

subtest 'the wrong server' => sub {
	$site->write_conf('service erp-prod' => { 'data-directory' => $other->cluster->pgdata });
	$site->tool_fails([$site->backup_arguments], 6,
		qr/'\Q@{[$other->cluster->pgdata]}\E' belongs to the cluster \d+, the server we are connected to is \d+/, "another cluster's data directory");
	$site->write_conf('service erp-prod' => { postgres => $other->cluster->conninfo });
	$site->tool_fails([$site->backup_arguments], 6, qr/this is another cluster: its system identifier is \d+, this service protects \d+/, 'another cluster');
	# A copy has the same identifier; what archives goes on as it was configured.
	my $cold = $site->restore('cold', '--type', 'immediate');
	my $mistaken = $site->path('mistaken.conf');
	$site->write_conf('service erp-prod' => { 'data-directory' => $cold });
	write_file($mistaken, read_file($site->conf), 0600);
	$site->write_conf;
	my @mistaken = ([ '-c', $mistaken, $site->backup_arguments ], 6);
	tool_fails(@mistaken, qr/no server runs in '\Q$cold\E': it is a copy/, 'a copy of the data directory');
	write_file("$cold/postmaster.pid", "1\n", 0600);
	tool_fails(@mistaken, qr/did not take part in the checkpoint/, 'a copy with a server of its own');
	my $standby = $source->standby('standby');
	$site->write_conf('service erp-prod' => { postgres => $standby->conninfo });
	$site->tool_fails([$site->backup_arguments], 6, qr/the server is a standby; backups are taken from the primary/, 'a standby');
	$standby->stop('immediate');
	$site->write_conf('service erp-prod' => { postgres => $source->conninfo =~ s/user=postgres/user=nobody_such/r });
	$site->tool_fails([$site->backup_arguments], 12, qr/cannot connect to the server/, 'a role that is not let in');
	$source->psql('CREATE ROLE odrbackup LOGIN');
	$site->write_conf('service erp-prod' => { postgres => $source->conninfo =~ s/user=postgres/user=odrbackup/r });
	$site->tool_fails([$site->backup_arguments], 12, qr/does not tell its data directory to this role; grant it pg_read_all_settings/,
		'a role that may not see the settings');
	$source->psql('GRANT pg_read_all_settings TO odrbackup');
	$site->tool_fails([$site->backup_arguments], 12, qr/permission denied for function/, 'a role without the grants');
	$source->psql(read_file(source_path('contrib/postgresql/backup-role.sql')));
	$site->backup('a role with the grants of backup-role.sql');
	$site->write_conf;
};

subtest 'archiving that does not work' => sub {
	my $sets = sub { scalar @{[bsd_glob($site->repository . '/*/set/*')]} };
	my $before = $sets->();
	my $impatient = { odrbackup => { 'archive-check-timeout' => '3s' } };
	$site->write_conf(%$impatient);
	$source->set(archive_command => '/bin/false')->reload;
	$site->tool_fails([$site->backup_arguments], 10,
		qr/the archive does not work: WAL segment [0-9A-F]{24} was not pushed within 3 s; (?:archiving of [0-9A-F]{24} fails: see the server's log|archive_command is '\/bin\/false': it must run odrbackup archive-push)/,
		'an archive_command that fails');
	$source->set(archive_command => '/bin/true')->reload;
	$source->archive_now;
	$site->tool_fails([$site->backup_arguments], 10, qr/archive_command is '\/bin\/true': it must run odrbackup archive-push for this service/,
		'one that goes elsewhere');
	$source->set(archive_command => '')->reload;
	$site->tool_fails([$site->backup_arguments], 10, qr/archive_command is ''/, 'one that is not set');
	$source->set(archive_mode => 'off')->restart;
	$site->tool_fails([$site->backup_arguments], 6, qr/archive_mode is off; set it to on, set archive_command = '.+' and restart the server/, 'archive_mode off');
	$source->set(wal_level => 'minimal', max_wal_senders => 0)->restart;
	$site->tool_fails([$site->backup_arguments], 6, qr/wal_level is minimal; set it to replica and restart the server/, 'wal_level minimal');
	is($sets->(), $before, 'no set came of it');
	$source->set(wal_level => 'replica', max_wal_senders => 4, archive_mode => 'on', archive_command => $site->archive_command)->restart;
	$site->write_conf;
	$site->backup('when all is right again, there is a backup');
	is($sets->(), $before + 1, 'and a set');
};

subtest 'a clock that jumped' => sub {
	my $library = work_path('clock.so');
	write_file(work_path('clock.c'), <<'C');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long shift(void) { const char *text = getenv("ODR_CLOCK_SHIFT"); return text ? strtol(text, NULL, 10) : 0; }
int clock_gettime(clockid_t id, struct timespec *now)
{
	int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int status = real(id, now);
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += shift();
	return status;
}
int gettimeofday(struct timeval *now, void *zone)
{
	struct timespec precise;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec, now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}
time_t time(time_t *result)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (result) *result = now.tv_sec;
	return now.tv_sec;
}
C
	run_program(['gcc', '-shared', '-fPIC', '-o', $library, work_path('clock.c'), '-ldl'])->ok or die 'gcc';
	my $at = sub { return { env => { LD_PRELOAD => $library, ODR_CLOCK_SHIFT => $_[0] * 86400 } } };

	$source->psql("INSERT INTO odr_row SELECT nextval('odr_order'), pg_current_xact_id(), 50, clock_timestamp(), false, 'before the jump'", 'rows');
	my $moment = $source->psql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'");
	my ($future) = $site->backup('a backup with the clock a year ahead', $at->(366))->out =~ /^Set (\S+):/m;
	my ($past) = $site->backup('and one with the clock a year behind', $at->(-366))->out =~ /^Set (\S+):/m;
	my ($now) = $site->backup('and one when it is right again')->out =~ /^Set (\S+):/m;
	cmp_ok($future, 'gt', $now, 'a set lies in the future');
	cmp_ok($past, 'lt', $now, 'and one in the past');

	$site->tool_ok(['status', $site->service], 'status');
	my @sets = map { $_->{set} } @{ $site->json('list', $site->service)->{sets} };
	is(scalar(grep { $_ eq $future || $_ eq $past || $_ eq $now } @sets), 3, 'list shows them all');
	$rows->remember;
	for my $set (undef, $future, $past, $now) {
		my $copy = $site->recover('jump-' . ($set // 'latest'), $set ? ('--set', $set) : ());
		$rows->ok_exactly($copy, $rows->last_ord, 'the end of the archive from ' . ($set // 'what is taken by default'));
		$copy->stop('immediate');
	}
	my $copy = $site->recover('jump-time', '--type', 'time', '--target', $moment);
	$rows->ok_exactly($copy, $rows->last_ord, 'a moment before the jump');
	$copy->stop('immediate');
};

done_testing;
