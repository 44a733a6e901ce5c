# A private PostgreSQL cluster of any major from 13 to 18: no TCP, a socket of its own, stopped when the test ends.
#
#   my $cluster = Odr::Cluster->new(15, 'main', wal_segsize => 1, conf => { archive_mode => 'on' });
#   $cluster->init->start;
#   is($cluster->psql('SELECT 1'), '1');
#
# Everything that goes wrong dies with the end of the server's log. Nothing waits longer than it says.
package Odr::Cluster;

use strict;
use warnings;

use Time::HiRes qw(sleep time);

use Odr::Work;

my $port = 5432;
my %bin;

# The folder of programs of a major; with tools (true) the client tools are in it too, or this dies.
sub bin_dir {
	my ($version, $tools) = @_;
	my $key = $version . ($tools ? '+' : '');
	return $bin{$key} if defined $bin{$key};
	work_dir();
	my $fetch = run_program([source_path('tests/lib/pg/fetch'), $version, $tools ? '--tools' : ()],
		user => 'root', cwd => '/', timeout => 900);
	$fetch->ok && $fetch->out =~ /^bin=(.+)$/m or die $fetch->err;
	return $bin{$key} = $1;
}

# psql, pgbench and the like: any version's talk to all servers.
sub client {
	my ($name) = @_;
	my ($found) = grep { -x } map { "$_/$name" } reverse(sort glob '/usr/lib/postgresql/*/bin'), split /:/, $ENV{PATH};
	return $found // die "$name is missing: install postgresql-client\n";
}

# A client tool that suits servers of this major: its own where they exist (15, 17, 18), else a neighbour's that serves it.
# pg_verifybackup for 13, 14, 16 needs -n; pg_waldump suits only its own major.
sub tool_path {
	my ($self, $name) = @_;
	my %neighbour = (13 => 15, 14 => 15, 16 => $name eq 'pg_basebackup' ? 17 : 15);
	return bin_dir($neighbour{ $self->{version} } // $self->{version}, 1) . "/$name";
}

# Options: checksums (1), wal_segsize (MiB), conf (hash of settings), pgdata (default: below the work folder).
sub new {
	my ($class, $version, $name, %option) = @_;
	my $self = bless {
		version => $version, name => $name, bin => bin_dir($version), port => $port,
		checksums => 1, conf => {}, %option,
		log => work_path("$name.log"), socket => socket_dir(), running => 0,
	}, $class;
	$self->{pgdata} //= work_path($name);
	Odr::Work::at_end(sub { $self->stop_hard });
	return $self;
}

# A cluster on a data directory that was restored or copied from this one: same programs, own socket, no archiving.
sub copy_at {
	my ($self, $name, $pgdata, %option) = @_;
	my $copy = Odr::Cluster->new($self->{version}, $name, pgdata => $pgdata, %option);
	$copy->{overrides} = { archive_mode => 'off', %{ $option{overrides} // {} } };
	return $copy;
}

sub version { return $_[0]{version} }
sub name { return $_[0]{name} }
sub pgdata { return $_[0]{pgdata} }
sub socket { return $_[0]{socket} }
sub port { return $_[0]{port} }
sub bin { return $_[0]{bin} }

sub conninfo {
	my ($self, $database) = @_;
	return "host=$self->{socket} port=$self->{port} user=postgres dbname=" . ($database // 'postgres');
}

# What initdb made, once in a run of all tests: of each kind the n-th cluster of a test is a copy of the n-th template, so that
# no two of one test are the same by their system identifier.
my %made;

sub _template {
	my ($self) = @_;
	my @segment = $self->{wal_segsize} ? "--wal-segsize=$self->{wal_segsize}" : ();
	my @kind = ($self->{version}, $self->{wal_segsize} // 'usual', $self->{checksums} ? 'checksums' : 'plain');
	my $template = join '-', new_dir("$ENV{ODR_WORK}/initdb", 0755) . "/$kind[0]", @kind[1, 2], ++$made{"@kind"};
	return $template if -d $template;
	my $new = "$template.$$";
	my $initdb = run_program([
			"$self->{bin}/initdb", '-D', $new, '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8',
			'--auth=trust', '--no-sync', @segment,
			$self->{checksums} ? '--data-checksums' : $self->{version} >= 18 ? '--no-data-checksums' : (),
	], timeout => 120);
	$initdb->ok or die "initdb failed:\n" . $initdb->out . $initdb->err;
	# Another test may have been first; then its template is as good.
	rename $new, $template or run_program(['rm', '-rf', $new]);
	return $template;
}

sub init {
	my ($self) = @_;
	work_dir();
	my $copy = run_program(['cp', '-RT', '--preserve=mode', '--reflink=auto', $self->_template, $self->{pgdata}]);
	$copy->ok or die 'cannot copy what initdb made: ' . $copy->err;
	# Without fsync: a crash here is a kill, which loses nothing that was written. Without autovacuum: what nobody asked for takes no
	# transactions, which would be the last ones, or lie between two looks.
	$self->append_conf(<<'CONF');
listen_addresses = ''
fsync = off
autovacuum = off
shared_buffers = 16MB
max_connections = 40
wal_level = replica
max_wal_senders = 4
max_wal_size = 256MB
log_line_prefix = '%m [%p] '
lc_messages = 'C'
timezone = 'UTC'
CONF
	$self->set(%{ $self->{conf} });
	return $self;
}

sub append_conf {
	my ($self, $text) = @_;
	append_file("$self->{pgdata}/postgresql.conf", $text);
	return $self;
}

# Settings for postgresql.conf; they take effect with reload or restart.
sub set {
	my ($self, %setting) = @_;
	for my $name (sort keys %setting) {
		$self->append_conf("$name = '" . ($setting{$name} =~ s/'/''/gr) . "'\n");
	}
	return $self;
}

# The command line that starts the server, for pg_ctl -o: socket and overrides beat every configuration file.
sub _options {
	my ($self) = @_;
	my %setting = (
		listen_addresses => '', unix_socket_directories => $self->{socket}, port => $self->{port},
		logging_collector => 'off', log_destination => 'stderr',
		%{ $self->{overrides} // {} });
	return join ' ', map { "-c $_='" . ($setting{$_} =~ s/'/'\\''/gr) . "'" } sort keys %setting;
}

sub _pg_ctl {
	my ($self, $timeout, @arguments) = @_;
	return run_program(["$self->{bin}/pg_ctl", '-D', $self->{pgdata}, @arguments],
		cwd => '/', timeout => $timeout + 30);
}

# Waits until connections are taken. try_start tells the outcome instead of dying (a server may be expected to fail).
sub start {
	my ($self, $timeout) = @_;
	$self->try_start($timeout) or die "server '$self->{name}' did not start:\n" . $self->log_tail;
	return $self;
}

sub try_start {
	my ($self, $timeout) = @_;
	$timeout //= 60;
	write_file($self->{log}, '', 0600) if !-e $self->{log};
	$self->{running} = 1;
	my $started = $self->_pg_ctl($timeout, '-l', $self->{log}, '-w', '-t', $timeout, '-o', $self->_options, 'start');
	return $started->ok;
}

sub stop {
	my ($self, $mode, $timeout) = @_;
	$timeout //= 60;
	my $stopped = $self->_pg_ctl($timeout, '-w', '-t', $timeout, '-m', $mode // 'fast', 'stop');
	$stopped->ok or die "server '$self->{name}' did not stop: " . $stopped->err . $self->log_tail;
	$self->{running} = 0;
	return $self;
}

sub restart {
	my ($self, $mode) = @_;
	return $self->stop($mode)->start;
}

sub postmaster_pid {
	my ($self) = @_;
	my $text = eval { read_file("$self->{pgdata}/postmaster.pid") } // return;
	return $text =~ /^(\d+)\n/ ? $1 : undef;
}

# The postmaster of this data directory, if it lives, and its children.
sub _processes {
	my ($self) = @_;
	my $postmaster = $self->postmaster_pid // return;
	(readlink("/proc/$postmaster/cwd") // '') eq $self->{pgdata} or return;
	my @processes = ($postmaster);
	for my $stat (glob '/proc/[0-9]*/stat') {
		my $text = eval { read_file($stat) } // next;
		push @processes, $1 if $text =~ /^(\d+) \(.*\) \S (\d+) /s && $2 == $postmaster;
	}
	return @processes;
}

# As a crash of the machine would: no process of the server sees it coming.
sub kill9 {
	my ($self) = @_;
	my @processes = $self->_processes or die "server '$self->{name}' does not run\n";
	kill 'KILL', @processes;
	poll_until("server '$self->{name}' killed", sub { !grep { kill 0, $_ } @processes }, 20);
	$self->{running} = 0;
	return $self;
}

# At the end of the test: an immediate stop, else a kill. Never dies.
sub stop_hard {
	my ($self) = @_;
	return if !$self->{running} || !$self->_processes;
	eval { $self->stop('immediate', 10); 1 } or eval { $self->kill9 };
}

sub reload {
	my ($self) = @_;
	my $before = $self->psql('SELECT pg_conf_load_time()');
	$self->psql('SELECT pg_reload_conf()');
	$self->poll_query("SELECT pg_conf_load_time() > '$before'", 't', 20);
	return $self;
}

sub promote {
	my ($self, $timeout) = @_;
	$self->psql('SELECT pg_promote(false)');
	return $self->wait_promoted($timeout);
}

sub wait_promoted {
	my ($self, $timeout) = @_;
	return $self->poll_query('SELECT pg_is_in_recovery()', 'f', $timeout // 60);
}

# Until recovery rests at its target. pg_is_wal_replay_paused tells only that a pause was asked for: 14 and newer know better.
sub wait_paused {
	my ($self, $timeout) = @_;
	return $self->poll_query($self->{version} >= 14
		? "SELECT pg_get_wal_replay_pause_state() = 'paused'" : 'SELECT pg_is_wal_replay_paused()',
		't', $timeout // 60);
}

# Until the server has ended by itself (recovery_target_action=shutdown, or FATAL).
sub wait_ended {
	my ($self, $timeout) = @_;
	poll_until("server '$self->{name}' ended", sub { !$self->_processes }, $timeout // 60, sub { $self->log_tail });
	$self->{running} = 0;
	return $self;
}

# SQL through psql, unaligned without headers, its output without the last newline. Dies on any error.
sub psql {
	my ($self, $sql, $database, %option) = @_;
	my $psql = $self->try_psql($sql, $database, %option);
	$psql->ok or die "psql on '$self->{name}' failed: " . $psql->err . "in: $sql\n";
	return $psql->out =~ s/\n\z//r;
}

sub try_psql {
	my ($self, $sql, $database, %option) = @_;
	return run_program([client('psql'), '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $self->conninfo($database)],
		stdin => $sql, %option);
}

# Rows as array references of columns.
sub rows {
	my ($self, $sql, $database) = @_;
	return map { [split /\|/, $_, -1] } split /\n/, $self->psql($sql, $database);
}

# Until SQL gives exactly EXPECTED. A server that does not take connections yet is waited for.
sub poll_query {
	my ($self, $sql, $expected, $timeout, $database) = @_;
	my $last = '';
	poll_until("'$expected' from: $sql", sub {
			my $psql = $self->try_psql($sql, $database);
			$last = $psql->ok ? $psql->out =~ s/\n\z//r : $psql->err;
			return $psql->ok && $last eq $expected;
		}, $timeout // 60, sub { "last answer: $last\n" . $self->log_tail });
	return $self;
}

# Ends the current segment and waits until it, and all before it, is archived. Returns its name.
sub archive_now {
	my ($self, $timeout) = @_;
	# The message makes the segment worth switching; without one an idle server would stay where it is.
	my $segment = $self->psql(<<'SQL');
SELECT pg_walfile_name(pg_logical_emit_message(false, 'test', 'switch'));
SELECT pg_switch_wal() \g /dev/null
SQL
	return $self->wait_archived($segment, $timeout);
}

sub wait_archived {
	my ($self, $segment, $timeout) = @_;
	my $state = '';
	poll_until("'$segment' archived", sub {
			$state = $self->psql("SELECT coalesce(last_archived_wal, ''), last_failed_wal, failed_count FROM pg_stat_archiver");
			my ($last) = split /\|/, $state;
			return $last !~ /history/ && substr($last, 0, 24) ge $segment;
		}, $timeout // 60, sub { "archiver: $state\n" . $self->log_tail });
	return $segment;
}

sub lsn {
	my ($self) = @_;
	return $self->psql('SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END');
}

sub log { return -e $_[0]{log} ? read_file($_[0]{log}) : '' }
sub log_has { return $_[0]->log =~ $_[1] }

sub log_tail {
	my ($self) = @_;
	my @lines = split /^/, $self->log;
	return join '', @lines > 30 ? @lines[-30 .. -1] : @lines;
}

# A running streaming standby of this cluster.
sub standby {
	my ($self, $name) = @_;
	my $standby = Odr::Cluster->new($self->{version}, $name);
	my $copy = run_program([$self->tool_path('pg_basebackup'), '-d', $self->conninfo, '-D', $standby->pgdata, '-X', 'stream',
			'-c', 'fast', '--no-sync'], timeout => 120);
	$copy->ok or die "pg_basebackup failed: " . $copy->err;
	# Not by -R: a newer pg_basebackup writes connection options that an older server does not know.
	$standby->set(primary_conninfo => $self->conninfo);
	write_file($standby->pgdata . '/standby.signal', '');
	$standby->start;
	$self->poll_query("SELECT count(*) > 0 FROM pg_stat_replication WHERE state = 'streaming'", 't', 30);
	return $standby;
}

# pg_checksums over a stopped cluster: a finished program, ->ok when every page is right.
sub pg_checksums {
	my ($self) = @_;
	return run_program([$self->tool_path('pg_checksums'), '--check', '-D', $self->{pgdata}], cwd => '/', timeout => 300);
}

# pg_verifybackup over a directory that was never started; the WAL is not its business. A finished program.
sub pg_verifybackup {
	my ($self, $dir, @more) = @_;
	return run_program([$self->tool_path('pg_verifybackup'), '-n', @more, $dir], cwd => '/', timeout => 300);
}

# amcheck over all btree indexes and tables of a database; dies of a broken index, returns what is wrong with tables.
sub amcheck {
	my ($self, $database) = @_;
	$self->psql('CREATE EXTENSION IF NOT EXISTS amcheck', $database) if $self->psql('SELECT pg_is_in_recovery()') eq 'f';
	$self->psql(<<'SQL', $database, timeout => 300);
SELECT bt_index_check(c.oid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
	WHERE a.amname = 'btree' AND c.relpersistence = 'p' AND c.relkind = 'i' AND i.indisready AND i.indisvalid
SQL
	return '' if $self->{version} < 14;
	return $self->psql(<<'SQL', $database, timeout => 300);
SELECT c.relname, h.* FROM pg_class c, LATERAL verify_heapam(c.oid) h WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence = 'p'
SQL
}

# A database filled by pgbench.
sub pgbench_init {
	my ($self, $scale, $database) = @_;
	$database //= 'bench';
	$self->psql("CREATE DATABASE $database");
	my $init = run_program([client('pgbench'), '-i', '-q', '-s', $scale // 1, $self->conninfo($database)], timeout => 300);
	$init->ok or die $init->err;
	return $self;
}

# Load in the background until ->stop: clients (4), database (bench), script (SQL text instead of TPC-B), rate, seconds.
sub pgbench {
	my ($self, %option) = @_;
	my @script = $option{script} ? ('-f', write_file(work_path("$self->{name}.pgbench"), $option{script}, 0644)) : ();
	my @rate = $option{rate} ? ('-R', $option{rate}) : ();
	my $clients = $option{clients} // 4;
	my $database = $option{database} // 'bench';
	my $load = start_program([client('pgbench'), '-n', '-c', $clients, '-j', 1, '-T', $option{seconds} // 3600,
			@script, @rate, $self->conninfo($database)]);
	return bless { program => $load, cluster => $self, database => $database }, 'Odr::Cluster::Load';
}

package Odr::Cluster::Load;

sub running { return $_[0]{program}->running }

sub wait {
	my ($self, $timeout) = @_;
	my $program = $self->{program}->wait($timeout);
	$program->ok or die "pgbench failed: " . $program->err;
	return $self;
}

# Ends the clients and waits until their sessions are gone, so that nothing commits any more.
sub stop {
	my ($self) = @_;
	my $failed = !$self->{program}->running && !$self->{program}->ok;
	$self->{program}->kill_all;
	die "pgbench failed: " . $self->{program}->_output if $failed;
	$self->{cluster}->poll_query(
		"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench' AND datname = '$self->{database}'", '0', 30);
	return $self;
}

1;
