#!/usr/bin/perl
# What PostgreSQL may rely on when it calls archive-push and archive-get: statuses, messages, and every byte of WAL.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use Test::More;
use Time::HiRes qw(sleep time);

use Odr::Rows;
use Odr::Site;
use Odr::Tool;
use Odr::Work;

# A site whose server keeps its finished segments, since nothing takes them; options of Odr::Site.
sub quiet_site {
	my ($name, $segsize, $segments, %sections) = @_;
	my $site = Odr::Site->new(name => $name, archive => 0,
		cluster => { wal_segsize => $segsize, conf => { archive_command => 'false', max_wal_size => '4GB' } },
		sections => { odrbackup => { 'archive-get-timeout' => '0', 'archive-push-batch' => 0, 'archive-get-batch' => 0 }, %sections });
	$site->create;
	my $last = '';
	$last = $site->cluster->psql(<<'SQL') for 1 .. $segments;
CREATE TABLE IF NOT EXISTS t AS SELECT i, md5(i::text) FROM generate_series(1, 1000) i;
UPDATE t SET i = i + 1;
SELECT pg_walfile_name(pg_logical_emit_message(false, 'test', 'switch'));
SELECT pg_switch_wal() \g /dev/null
SQL
	return $site;
}

# Finished segments, oldest first.
sub segments_of {
	my ($site) = @_;
	return map { m{/(\w{24})\.ready$} } sort glob $site->cluster->pgdata . '/pg_wal/archive_status/*.ready';
}

sub wal_file { my ($site, $name) = @_; return $site->cluster->pgdata . "/pg_wal/$name" }

# As the server does: from its data directory, by a relative path.
sub push_ok {
	my ($site, $name, $test) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return $site->tool_ok(['archive-push', "pg_wal/$name"], $test, { cwd => $site->cluster->pgdata });
}

sub push_fails {
	my ($site, $name, $status, $message, $test) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return $site->tool_fails(['archive-push', "pg_wal/$name"], $status, $message, $test, { cwd => $site->cluster->pgdata });
}

sub get {
	my ($site, $name, $to, @more) = @_;
	return $site->tool('archive-get', @more, $name, $to // $site->path('got'));
}

sub got_ok {
	my ($site, $name, $test) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $result = get($site, $name);
	return ok($result->ok && read_file($site->path('got')) eq read_file(wal_file($site, $name)), $test) || diag $result->describe;
}

sub get_is {
	my ($site, $name, $status, $message, $test) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	unlink $site->path('got');
	my $result = get($site, $name);
	return ok($result->died_of == 0 && $result->status == $status && $result->err =~ $message && !-e $site->path('got'), $test)
	  || diag $result->expected("status $status, $message");
}

sub objects {
	my ($site, $name, $repository) = @_;
	my @objects = sort glob(($repository // $site->repository) . "/*/wal/*/$name-*");
	return @objects;
}

# A file beside pg_wal of a folder that is no data directory: only what was pinned can tell whether it belongs.
sub stray {
	my ($site, $name, $content) = @_;
	new_dir($site->path('stray/pg_wal'));
	return write_file($site->path("stray/pg_wal/$name"), $content, 0600);
}

sub stray_fails {
	my ($site, $name, $content, $status, $message, $test) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return $site->tool_fails(['archive-push', stray($site, $name, $content)], $status, $message, $test);
}

sub moved_away {
	my ($path, $code) = @_;
	rename $path, "$path.away" or die "cannot rename '$path': $!\n";
	my $done = eval { $code->(); 1 };
	rename "$path.away", $path or die "cannot rename '$path.away': $!\n";
	die $@ if !$done;
}

# Processes that run our program for sites of this test: others may run beside it.
sub tool_processes {
	my $prefix = tool_path() =~ s{/bin/odrbackup$}{}r;
	my $folder = work_dir();
	return grep { (readlink "$_/exe" // '') =~ m{^\Q$prefix\E/} && (eval { read_file("$_/cmdline") } // '') =~ /\Q$folder\E/ } glob '/proc/[0-9]*';
}

my $site = quiet_site('contract', 1, 16);
my @segments = segments_of($site);
my ($first, $second, $third) = @segments;
my $content = read_file(wal_file($site, $first));

subtest 'archive-push: what is safe is said to be safe, and nothing else' => sub {
	push_ok($site, $first, 'a segment');
	is(scalar objects($site, $first), 1, 'it is in the repository');
	push_ok($site, $first, 'the same again');
	is(scalar objects($site, $first), 1, 'and it is there once');

	my $other = $content;
	substr($other, 500_000, 1) ^= "\x01";
	stray_fails($site, $first, $other, 1, qr/another file named $first is in repository main: its digest is \w{32}, that of this one \w{32}; nothing was written/,
		'another content of the same name');
	is(scalar objects($site, $first), 1, 'and the first one stays alone');

	stray_fails($site, $second, substr($content, 0, 524_288), 13, qr/refusing '.*$second'.*524288/, 'a segment cut off');
	stray_fails($site, $second, $content, 13, qr/by its name it begins at .*, by its content at /, 'a segment under the name of another');
	stray_fails($site, $second, "\0" x length $content, 13, qr/does not begin like a WAL segment/, 'zeros');
	my $foreign = $content;
	substr($foreign, 24, 8) = pack 'Q<', 4711;
	stray_fails($site, $first, $foreign, 13, qr/it belongs to the cluster 4711, not to \d+/, 'a segment of another cluster');
	is(scalar objects($site, $second), 0, 'nothing of it was stored');

	write_file(wal_file($site, $_->[0]), $_->[1], 0600) for
	  ["$first.00000028.backup", "START WAL LOCATION: 0/1000028\n"], ["$third.partial", read_file(wal_file($site, $third))];
	push_ok($site, "$first.00000028.backup", 'a backup history file');
	push_ok($site, "$third.partial", 'a partial segment');
	got_ok($site, "$third.partial", 'which comes back under its own name');
	get_is($site, $third, 1, qr/^$/, 'and under no other');

	$site->tool_fails(['archive-push', $site->cluster->pgdata . '/postgresql.conf'], 2, 'is not the path of a WAL file', 'no WAL file');
	push_fails($site, '0000000100000000000000FE', 7, qr/cannot open 'pg_wal.0000000100000000000000FE'/, 'no such file');
	$site->tool_fails(['archive-push', '--nonsense', 'x'], 2, "unknown option '--nonsense'", 'an unknown option');
	$site->tool_fails(['archive-push', '--service', 'erp-test', "x/$second"], 2, 'erp-test', 'an unknown service');
};

subtest 'archive-push: what stands in its way is named' => sub {
	moved_away($site->repository, sub {
			push_fails($site, $second, 10, qr/cannot open repository 'main': folder '.*' does not exist: is its file system mounted/, 'no repository');
			push_ok($site, $first, 'what is durable is durable');
			new_dir($site->repository);
			push_fails($site, $second, 10, 'holds no repository: is its file system mounted?', 'an empty folder is no repository');
			rmdir $site->repository;
	});
	moved_away($site->bundle, sub { push_fails($site, $second, 12, $site->bundle, 'no writer bundle') });
	chmod 0644, $site->bundle;
	push_fails($site, $second, 12, 'run chmod 600 on it', 'a writer bundle that others can read');
	chmod 0600, $site->bundle;

	my $foreign = Odr::Cluster->new(15, 'foreign', wal_segsize => 1)->init;
	$site->tool_fails(['archive-push', 'pg_wal/000000010000000000000001'], 6, qr/this is another cluster: .*make a service of its own/,
		'another cluster', { cwd => $foreign->pgdata });

	# A copy has the same cluster's segments, and archive_command.
	my $pgdata = $site->cluster->pgdata;
	my $copy = new_dir($site->path('copy'));
	new_dir("$copy/$_") for qw(global pg_wal);
	write_file("$copy/$_", read_file("$pgdata/$_"), 0600) for 'PG_VERSION', 'global/pg_control', "pg_wal/$second";
	$site->write_conf('service erp-prod' => { 'data-directory' => $pgdata });
	$site->tool_fails(['archive-push', "pg_wal/$second"], 6,
		qr/the server in '\Q$copy\E' is not the one in '\Q$pgdata\E'.*if it is a copy, set archive_command = '' there/,
		'a copy of the cluster', { cwd => $copy });
	push_ok($site, $second, 'the cluster itself');
	$site->write_conf('service erp-prod' => { 'data-directory' => $site->path('nowhere') });
	push_ok($site, $third, 'a folder that is not here says nothing');
	$site->write_conf;
};

subtest 'archive-push: a full disk' => sub {
	my $disk = new_dir($site->path('small'));
	my $mounted = $> == 0 && run_program(['mount', '-t', 'tmpfs', '-o', 'size=4m,mode=0777', 'tmpfs', $disk], user => 'root')->ok;
	plan skip_all => 'no file system can be mounted here' if !$mounted;
	Odr::Work::at_end(sub { run_program(['umount', '-l', $disk], user => 'root') });
	my $full = quiet_site('full', 16, 1, 'repository main' => { path => "$disk/repository" });
	my ($segment) = segments_of($full);
	write_file("$disk/filling", 'x' x 3_500_000, 0600);
	push_fails($full, $segment, 14, qr/cannot archive WAL file $segment: .*repository 'main'.*No space left/, 'is named');
	unlink "$disk/filling";
	push_ok($full, $segment, 'and with room it goes on');
};

subtest 'archive-get: 1 is proven absence, and all that is unclear is 126' => sub {
	my @damaged = @segments[3, 4];
	push_ok($site, $_, "pushed $_") for $second, @damaged;
	got_ok($site, $second, 'a segment');
	get_is($site, '000000010000000000FFFFFE', 1, qr/^$/, 'one that is not there');
	get_is($site, '00000002.history', 1, qr/^$/, 'a history that is not there');
	moved_away($site->repository, sub {
			get_is($site, '000000010000000000FFFFFE', 126, qr/whether it is archived cannot be told: cannot open repository 'main'/, 'no repository');
			new_dir($site->repository);
			get_is($site, $second, 126, qr/holds no repository/, 'an empty folder proves nothing');
			rmdir $site->repository;
	});

	my ($object) = objects($site, $damaged[0]);
	my $bytes = read_file($object);
	chmod 0600, $object;
	write_file($object, substr($bytes, 0, 1000), 0600);
	get_is($site, $damaged[0], 126, qr/repository main: cannot read WAL file $damaged[0]: WAL object 'wal.*$damaged[0]-/, 'an object cut off');
	write_file($object, substr($bytes, 0, 1000) . "\1" . substr($bytes, 1001), 0600);
	get_is($site, $damaged[0], 126, qr/its signature does not fit/, 'an object altered');
	my ($other) = objects($site, $damaged[1]);
	write_file($object, read_file($other), 0600);
	get_is($site, $damaged[0], 126, qr/its signature does not fit/, 'the object of another segment');

	moved_away($site->identity, sub { get_is($site, $second, 126, qr/identity/, 'no key') });
	$site->tool_fails(['archive-get', '--nonsense', $second, 'x'], 126, "unknown option '--nonsense'", 'an unknown option');
	$site->tool_fails(['archive-get', $second], 126, 'an argument is missing', 'an argument too few');
	$site->tool_fails(['archive-get', '--service', 'erp-test', $second, 'x'], 126, 'erp-test', 'an unknown service');
	$site->tool_fails(['archive-get', '../postgresql.conf', 'x'], 126, 'is not the name of a WAL file', 'no WAL file');
	tool_fails(['archive-get', '-c', '/nonexistent', $second, 'x'], 126, '/nonexistent', 'no configuration');
	my $nowhere = get($site, $second, $site->path('missing/got'));
	is($nowhere->status, 126, 'no destination');
	like($nowhere->err, qr/cannot write '.*missing.got/, 'which is named');
};

subtest 'archive-get: a second repository, and trouble that passes' => sub {
	my $two = quiet_site('two', 1, 3, 'service erp-prod' => { repositories => 'main;offsite' },
		'repository offsite' => { type => 'posix', path => work_path('offsite') },
		'odrbackup' => { 'archive-get-timeout' => '60s', 'archive-push-batch' => 0, 'archive-get-batch' => 0 });
	my ($one, $other) = segments_of($two);
	push_ok($two, $one, 'a segment');
	is(scalar objects($two, $one, work_path('offsite')), 1, 'is in both repositories');
	moved_away(work_path('offsite'), sub { push_fails($two, $other, 10, "'offsite'", 'one repository is not enough') });
	is(scalar objects($two, $other), 1, 'but is not kept waiting for the other');
	push_ok($two, $other, 'and what is missing is made up for');

	my ($object) = objects($two, $one);
	chmod 0600, $object;
	write_file($object, 'nonsense', 0600);
	my $got = get($two, $one);
	ok($got->ok && read_file($two->path('got')) eq read_file(wal_file($two, $one)), 'a damaged copy is replaced by the other one');
	like($got->err, qr/warning: repository main: cannot read WAL file $one/, 'and is told of');

	rename $two->repository, $two->repository . '.away';
	my $waiting = $two->tool_start('archive-get', '000000010000000000FFFFFE', $two->path('got'));
	sleep 0.7;
	ok($waiting->running && tool_processes(), 'a repository that is missing is waited for');
	rename $two->repository . '.away', $two->repository;
	is($waiting->wait(30)->status, 1, 'and when it is back, absence is proven');

	rename $two->repository, $two->repository . '.away';
	for my $signals (1, 2) {
		my $stopped = $two->tool_start('archive-get', '000000010000000000FFFFFE', $two->path('got'));
		poll_until('it waits', sub { -s $stopped->{err_file} }, 20);
		$stopped->signal('TERM') for 1 .. $signals;
		is($stopped->wait(20)->status, 126, "SIGTERM, $signals times");
	}
	rename $two->repository . '.away', $two->repository;
};

subtest 'segments of 64 MiB' => sub {
	my $large = quiet_site('large', 64, 2);
	my ($segment) = segments_of($large);
	push_ok($large, $segment, 'go');
	is(scalar objects($large, $segment), 2, 'in pieces');
	got_ok($large, $segment, 'and come');
	unlink +(objects($large, $segment))[1];
	get_is($large, $segment, 126, qr/WAL file $segment is not complete/, 'a piece that is missing is no absence');
	$large->cluster->stop('immediate');
};

subtest 'many at once' => sub {
	$site->write_conf(odrbackup => { 'archive-get-timeout' => '0', 'archive-push-batch' => 4, 'archive-get-batch' => 4, workers => 2 });
	push_ok($site, $segments[5], 'a push');
	is_deeply([map { scalar objects($site, $_) } @segments[5 .. 10]], [1, 1, 1, 1, 1, 0], 'takes what is ready along');
	moved_away($site->repository, sub { push_ok($site, $_, "later calls are answered from the journal: $_") for @segments[6 .. 9] });
	push_ok($site, $_, "pushed $_") for @segments[10 .. 14];

	got_ok($site, $segments[5], 'a get');
	my $spool;
	poll_until('it is fetched ahead', sub { ($spool) = glob $site->path('spool/erp-prod/wal-*') }, 30);
	poll_until('the next are in the spool', sub { 4 == grep { -e "$spool/$_" } @segments[6 .. 9] }, 30);
	poll_until('the process has ended', sub { !tool_processes() }, 30);
	is_deeply([sort map { m{([^/]+)$} } glob "$spool/*"], [@segments[6 .. 9], 'lock', 'names'], 'fetches the next ones ahead');
	moved_away($site->repository, sub { got_ok($site, $segments[6], 'which need no repository then') });
	ok(!-e "$spool/$segments[6]", 'and are moved');
	poll_until('the process has ended', sub { !tool_processes() }, 30);
	write_file("$spool/$segments[7]", 'half', 0600);
	got_ok($site, $segments[7], 'one that a crash spoiled is fetched again');
	got_ok($site, $segments[12], 'a jump');
	poll_until('what lies behind is removed', sub { !grep { -e "$spool/$_" } @segments[6 .. 12] }, 30);
	poll_until('the process has ended', sub { !tool_processes() }, 30);
	ok(-e "$spool/$segments[13]", 'and what follows is there');
	$site->cluster->stop('immediate');
};

# A copy of a running cluster that takes its WAL from the archive alone.
sub copy_from_archive {
	my ($live, $source, $name, %option) = @_;
	my $pgdata = work_path($name);
	my $copy = run_program([$source->tool_path('pg_basebackup'), '-d', $source->conninfo, '-D', $pgdata, '-X', 'none', '-c', 'fast', '--no-sync'],
		timeout => 120);
	$copy->ok or die $copy->err;
	my $cluster = $source->copy_at($name, $pgdata, %option);
	$cluster->set(restore_command => $live->restore_command, recovery_target_timeline => 'latest');
	write_file("$pgdata/recovery.signal", '');
	return $cluster;
}

for my $version (full_run() ? 13 .. 18 : 18) {
	subtest "PostgreSQL $version under load, its archive, and a second timeline" => sub { load_and_timelines($version) };
}

sub load_and_timelines {
	my ($version) = @_;
	my $live = Odr::Site->new(version => $version, name => "live-$version", cluster => { wal_segsize => 1 })->create;
	my $source = $live->cluster;
	my $rows = Odr::Rows->new($source)->start;
	my $copy = copy_from_archive($live, $source, "copy-$version", overrides => { archive_mode => 'on' });
	$source->pgbench_init(2);
	$source->pgbench(clients => 2, seconds => 5)->wait(60);
	$rows->stop;
	$source->archive_now(60);
	is($source->psql('SELECT failed_count FROM pg_stat_archiver'), '0', 'the archiver never failed');
	cmp_ok(scalar(objects($live, '0' x 7 . '1*')), '>', 20, 'many segments are there');
	$source->stop;

	$copy->start(120)->wait_promoted(120);
	$rows->ok_exactly($copy, $rows->last_ord, 'every committed row comes back from the archive');
	$copy->psql('CREATE TABLE second AS SELECT generate_series(1, 1000) AS i', 'rows');
	my $later = copy_from_archive($live, $copy, "later-$version");
	$copy->psql('INSERT INTO second SELECT generate_series(1001, 2000)', 'rows');
	$copy->archive_now(60);
	is(scalar objects($live, '00000002.history'), 1, 'the history of the second timeline is archived');
	cmp_ok(scalar(objects($live, '00000002*')), '>', 1, 'and its segments');
	$copy->stop;

	$later->start(120)->wait_promoted(120);
	is($later->psql('SELECT count(*) FROM second', 'rows'), '2000', 'a copy follows the second timeline to its end');
	like($later->psql('SELECT pg_walfile_name(pg_current_wal_lsn())'), qr/^00000003/, 'and begins a third');
	$later->stop;
	poll_until('nothing of ours runs', sub { !tool_processes() }, 30);
	return pass('no process is left');
}

done_testing;
