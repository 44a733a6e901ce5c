#!/usr/bin/perl
# One database comes back beside production: at its moment, whole, with nothing of its neighbours; and production, which
# runs on while this happens, notices nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Site;
use Odr::Work;

# Without checksums VACUUM logs changes of pages without their images: replay meets pages of databases that are not there.
my $site = Odr::Site->new(version => 15, cluster => { checksums => 0 })->create;
my $source = $site->cluster;

$source->psql($_) for 'CREATE ROLE odoo LOGIN', 'CREATE DATABASE shop OWNER odoo', 'CREATE DATABASE neighbour OWNER odoo',
	q(ALTER DATABASE shop SET search_path TO "$user", public, pg_temp), q(ALTER DATABASE shop SET work_mem = '5MB');
$source->psql(<<'SQL', 'shop');
CREATE EXTENSION unaccent;
ALTER FUNCTION unaccent(text) IMMUTABLE;
CREATE TABLE partner (id serial PRIMARY KEY, name text NOT NULL);
ALTER TABLE partner OWNER TO odoo;
COMMENT ON TABLE partner IS 'Contact';
CREATE INDEX partner_name ON partner (unaccent(name));
CREATE TABLE invoice (id serial PRIMARY KEY, partner integer REFERENCES partner, total numeric);
INSERT INTO partner (name) SELECT 'Künde ' || n FROM generate_series(1, 2000) n;
SQL
$source->psql('CREATE TABLE secret AS SELECT n, md5(n::text) AS text FROM generate_series(1, 50000) n', 'neighbour');
$site->backup;

# Behind the set: work in both.
$source->psql('INSERT INTO invoice (partner, total) SELECT n, n * 10 FROM generate_series(1, 500) n', 'shop');
$source->psql($_, 'neighbour') for 'DELETE FROM secret WHERE n % 3 = 0', 'VACUUM secret', 'CHECKPOINT', 'VACUUM secret';
my $content = q(SELECT (SELECT count(*) FROM partner), (SELECT count(*) FROM invoice), (SELECT sum(total) FROM invoice),
	(SELECT md5(string_agg(name, ',' ORDER BY id)) FROM partner));
my $before = $source->psql($content, 'shop');
$source->psql(q(SELECT pg_create_restore_point('before the mistake')));
$source->psql('DELETE FROM invoice', 'shop');
$source->psql('CREATE DATABASE late', 'postgres');
$source->psql('CREATE TABLE t AS SELECT 7 AS n', 'late');
$source->archive_now;

my @target = ('--type', 'name', '--target', 'before the mistake');
my @shop = ('restore', $site->service, '--database', 'shop');

sub nothing_left {
	is_deeply([glob $site->path('spool', $site->service, 'sandbox-*')], [], 'no sandbox is left');
	is($source->psql(q(SELECT count(*) FROM pg_database WHERE datname LIKE 'odrbackup%')), '0', 'nor a database half done');
}

# Under another name.
$site->tool_ok([@shop, '--as', 'shop-before', @target], 'into the cluster, under another name');
is($source->psql($content, 'shop-before'), $before, 'it is the database as it was at the restore point');
is($source->psql('SELECT count(*) FROM invoice', 'shop'), '0', 'the one it came from is as it was');
is($source->psql(q(SELECT provolatile FROM pg_proc WHERE oid = 'unaccent(text)'::regprocedure), 'shop-before'), 'i',
	'what somebody changed of an extension is changed here, too');
is($source->psql(q(SELECT count(*) FROM pg_indexes WHERE indexname = 'partner_name'), 'shop-before'), '1',
	'so that the index on it is there');
is($source->psql(q(SELECT tableowner FROM pg_tables WHERE tablename = 'partner'), 'shop-before'), 'odoo', 'owners are');
is($source->psql(q(SELECT obj_description('partner'::regclass)), 'shop-before'), 'Contact', 'comments are');
is($source->psql('SHOW search_path', 'shop-before'), '"$user", public, pg_temp', 'a setting that is a list');
is($source->psql('SHOW work_mem', 'shop-before'), '5MB', 'a setting that is a value');
is($source->psql(q(SELECT reltuples FROM pg_class WHERE relname = 'partner'), 'shop-before'), '2000', 'statistics are fresh');
# WAL has a sequence up to 32 numbers ahead (sequence.c).
cmp_ok($source->psql('INSERT INTO invoice (partner, total) VALUES (1, 1) RETURNING id', 'shop-before'), '>', 500,
	'sequences go on behind what was used');
nothing_left();

$site->tool_fails([@shop, '--as', 'shop-before', @target], 1, qr/there is a database 'shop-before' already/,
	'a name that is taken is refused before anything is restored');

# As a file; everything else of the cluster is not even written.
my $dump = $site->path('shop.dump');
my $json = $site->tool_ok([@shop, '--dump', $dump, @target, '--json'], 'as a file');
like($json->out, qr/"message_type": ?"summary".*"database": ?"shop"/, 'with a summary');
my $list = run_program([Odr::Cluster::client('pg_restore'), '-l', $dump]);
like($list->out, qr/TABLE DATA public invoice/, 'it is a dump that pg_restore reads');
unlike($list->out, qr/secret/, 'with nothing of the neighbour');
$site->tool_fails([@shop, '--dump', $dump, @target], 1, qr/exists already/, 'a file that is there is not written over');

# Behind the set, and not at all.
$site->tool_ok(['restore', $site->service, '--database', 'late', '--as', 'late-copy'],
	'a database made behind the set, from the end of WAL');
is($source->psql('SELECT n FROM t', 'late-copy'), '7', 'has its content');
$site->tool_fails(['restore', $site->service, '--database', 'late', '--as', 'x', @target], 7,
	qr/no database 'late' at that moment; there are: .*shop/, 'one that was not there yet is not found, and those that were are named');

# Made anew behind the set, from a template that was left out: everything is restored after all.
$source->psql($_) for 'DROP DATABASE shop', 'CREATE DATABASE shop TEMPLATE neighbour STRATEGY file_copy';
$source->archive_now;
my $anew = $site->tool_ok([@shop, '--as', 'shop-anew'], 'a database that was made anew');
like($anew->err, qr/made anew after the set was taken: all databases of the cluster were restored/, 'it says so');
is($source->psql('SELECT count(*) FROM secret', 'shop-anew'), $source->psql('SELECT count(*) FROM secret', 'shop'),
	'it is whole');

# A tablespace that replay would make in production's place (run as the same user, it could): the server stops instead.
my $place = new_dir($site->path('tablespace'), 0700);
$source->psql($_) for "CREATE TABLESPACE fast LOCATION '$place'", 'CREATE DATABASE quick TABLESPACE fast',
	'CREATE DATABASE quick2 TABLESPACE fast';
$source->archive_now;
$source->psql('CHECKPOINT');
my $listing = run_program(['find', $place, '-printf', '%P %m %C@\n'])->out;
$site->tool_fails([@shop, '--as', 'shop-more'], 4, qr/private server ended .*Read-only file system/,
	'replay that would touch a tablespace of production is stopped');
is(run_program(['find', $place, '-printf', '%P %m %C@\n'])->out, $listing, 'and has touched nothing');
$site->backup('a set that knows the tablespace');
$source->psql('CREATE TABLE q AS SELECT 8 AS n', 'quick');
$source->archive_now;
$site->tool_ok(['restore', $site->service, '--database', 'quick', '--as', 'quick-copy'], 'with it, the copy has its own');
is($source->psql('SELECT n FROM q', 'quick-copy'), '8', 'and is whole');
nothing_left();

# Killed in the middle: the private server goes with it, and the next run clears up.
my $killed = $site->tool_start(@shop, '--as', 'never');
my $pid_file;
poll_until('a private server', sub {
		($pid_file) = glob $site->path('spool', $site->service, 'sandbox-*', 'data', 'postmaster.pid');
		return $pid_file && -s $pid_file;
	}, 60);
my ($server) = read_file($pid_file) =~ /^(\d+)/;
$killed->signal('KILL');
$killed->wait;
poll_until('its end', sub { !kill 0, $server }, 60);
ok(1, 'after kill -9 the private server ends');
$site->tool_ok([@shop, '--dump', $site->path('after.dump')], 'the next run goes as always');
nothing_left();

# What is asked for wrongly.
$site->tool_fails([@shop], 2, qr/--database needs --as NAME/, 'no destination');
$site->tool_fails([@shop, '--as', 'a', '--dump', 'b'], 2, qr/exclude each other/, 'two destinations');
$site->tool_fails([@shop, '--as', 'a', '--pgdata', '/tmp/x'], 2, qr/--pgdata has no meaning with --database/, 'a data directory');
$site->tool_fails([@shop, '--as', 'a' x 64], 2, qr/1 to 63 bytes/, 'a name that PostgreSQL would cut');
$site->tool_fails([@shop, '--as', 'a', '--postgres-bin', '/usr/bin'], 7, qr/no postgres of PostgreSQL 15/, 'a folder without the server');
$site->tool_ok([@shop, '--plan', @target], 'the plan alone needs no destination');

done_testing;
