#!/usr/bin/perl
# Nothing of a drill reaches what is production's: its tablespaces, whether they are in the set or made in the WAL that is replayed;
# its archive, however the copy is told to archive; its folders, whoever in the copy writes. All of it is tried from inside.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Cluster;
use Odr::Drill;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 }, evidence => 1)->create;
my $source = $site->cluster;
my ($old, $new) = map { new_dir($site->path($_), 0700) } qw(spc-old spc-new);
$source->psql("CREATE TABLESPACE old LOCATION '$old'");
$source->psql('CREATE DATABASE shop');
$source->psql('CREATE TABLE ledger (n int) TABLESPACE old; INSERT INTO ledger SELECT generate_series(1, 1000)', 'shop');
# What the copy would start with, if it took the settings of its source.
$source->psql("ALTER SYSTEM SET shared_preload_libraries = 'no_such_library'");
$site->backup;
$source->psql('INSERT INTO ledger VALUES (1001)', 'shop');
$source->archive_now;

my $drills = Odr::Drill->new(site => $site, usual => { evidence => { key => 'evidence' } });
$drills->beside('outside/ledger.sql', "-- id: ledger  kind: assert\n-- needs: ledger\nSELECT count(*) FILTER (WHERE n > 1001) AS bad, count(*) AS total, NULL AS detail FROM ledger");
my $psql = Odr::Cluster::client('psql');
my %look = ('check ledger' => { type => 'sql', sql => 'outside/ledger.sql', database => 'shop', gate => 'true' });

# Every file below with its size and times: what is touched is seen.
sub listing {
	my (@folders) = @_;
	return run_program(['find', @folders, '-printf', '%p %y %m %s %T@ %C@\n'], user => 'root')->out;
}

# Objects of the repository but for evidence and checkpoints.
sub objects { return join "\n", sort grep { !m{/(?:evidence|audit)/} } split /\n/, run_program(['find', $site->repository, '-type', 'f'], user => 'root')->out }

# A program beside the server: what it says, a line for each thing that it could do.
sub inside {
	my ($name, @commands) = @_;
	return ("check $name" => { type => 'command', stage => 'promoted', command => $drills->beside("outside/$name", join("\n", '#!/bin/sh',
					qq(psql() { '$psql' -X -q -At -d "\$ODR_CONNINFO dbname=shop" -c "\$1" 2>&1; }), @commands, ''), 0755) });
}

subtest 'tablespaces of the set' => sub {
	my $before = listing($old);
	my ($record) = $drills->run($drills->plan('set', %look, inside('write', 'psql "INSERT INTO ledger SELECT generate_series(1, 1000)"', 'psql CHECKPOINT',
				q(psql "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'old'"))), [], 0, 'pass', 'a copy that is written to');
	like(Odr::Drill::check_of($record, 'write')->{message}, qr{^\Q@{[$drills->sandbox]}\E/sandbox-\w+/tablespaces/\d+$}, 'has its own');
	is(Odr::Drill::check_of($record, 'ledger')->{value}, 'bad=0 total=1001', 'with what was in them');
	is(listing($old), $before, "production's is as it was");
	$drills->ok_nothing_left('tablespaces');
};

subtest 'the archive' => sub {
	my $before = objects();
	my ($record) = $drills->run($drills->plan('archive', inside('archive', "psql \"ALTER SYSTEM SET archive_command = 'touch $old/archived'\"", 'psql "ALTER SYSTEM SET archive_mode = on"',
				'psql "SELECT pg_reload_conf()"', 'psql "SELECT pg_switch_wal()"', 'psql CHECKPOINT',
				q(psql "SELECT current_setting('archive_mode') || ' ' || current_setting('archive_command') || ' ' || (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready')"))),
		[], 0, 'pass', 'a copy that is told to archive');
	like(Odr::Drill::check_of($record, 'archive')->{message}, qr/^off .* 0$/, 'does not');
	ok(!-e "$old/archived", 'nor runs what it was told');
	is(objects(), $before, 'the repository is as it was');
};

subtest 'folders of this host' => sub {
	my @targets = map { "$_/written" } $old, $source->pgdata, $site->repository, $site->path('state');
	my ($record) = $drills->run($drills->plan('folders',
			inside('server', map { "psql \"COPY (SELECT 1) TO '$_'\" | grep -q 'Read-only file system' || echo '$_'" } @targets)), [], 0, 'pass', 'a server that writes');
	is(Odr::Drill::check_of($record, 'server')->{message}, 'it said nothing', 'can do so nowhere');
	ok(!-e $_, "$_ is not there") for @targets;
};

# PostgreSQL makes a tablespace where WAL says that it was made: in production's folder.
subtest 'a tablespace that is made in the WAL' => sub {
	$source->psql("CREATE TABLESPACE new LOCATION '$new'");
	$source->psql('CREATE TABLE more (n int) TABLESPACE new; INSERT INTO more VALUES (1)', 'shop');
	$source->archive_now;
	my $before = listing($old, $new);
	my ($record) = $drills->run($drills->plan('made', %look), [], 4, 'fail-restore', 'a copy that comes to it');
	like($record->{failure}{message}, qr/\Q$new\E.*Read-only file system/, 'stops, and says where');
	is(listing($old, $new), $before, "production's are as they were");
	$drills->ok_nothing_left('a tablespace in the WAL');
	$site->backup('a set that has it');
	$source->psql('INSERT INTO more VALUES (2)', 'shop');
	$source->archive_now;
	($record) = $drills->run($drills->plan('again', %look), [], 0, 'pass', 'from a set that has it');
	is(Odr::Drill::check_of($record, 'ledger')->{status}, 'pass', 'everything is there');
};

$drills->ok_evidence;
done_testing;
