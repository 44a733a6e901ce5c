#!/usr/bin/perl
# Drills of every kind, and what is looked at when the clock has stopped: damage that is planted in the copy is found.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Cluster ();
use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 });
my $root = new_dir($site->path('filestore'), 0755);
my $service = $site->service;
$site->{sections}{"service $service"} = { filestore => $root, 'evidence-key' => $site->path('evidence') };
$site->create;
$site->tool_ok(['key', 'new', 'evidence', $site->path('evidence'), '--owner', $site->owner, '--unprotected'], 'a key for evidence');
my $source = $site->cluster;
my $shop = Odr::Odoo->new(cluster => $source, database => 'shop', filestore => $root)->create;
$shop->upload("first $_") for 1 .. 5;
$source->psql(<<'SQL', 'shop');
CREATE FUNCTION public.bucket(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT n % 7';
CREATE TABLE public.ledger (n integer PRIMARY KEY, text text);
INSERT INTO public.ledger SELECT n, repeat('x', 20) FROM generate_series(1, 2000) n;
CREATE INDEX ledger_bucket ON public.ledger (public.bucket(n));
SQL
$site->backup('database and filestore');
$source->archive_now;
my $drills = Odr::Drill->new(site => $site);
my %extended = (extended => { amcheck => 'all' });

subtest 'structure and pages of a good copy' => sub {
	my $sql = $drills->beside('memory.sql', <<'SQL');
-- id: memory  kind: assert  module: base  odoo: 14-18
SELECT count(*) FILTER (WHERE setting <> CASE name WHEN 'work_mem' THEN '7168' WHEN 'shared_buffers' THEN '4096' ELSE 'auto_explain' END)
	AS bad, count(*) AS total, string_agg(name || '=' || setting, ' ') AS detail
FROM pg_settings WHERE name IN ('work_mem', 'shared_buffers', 'shared_preload_libraries')
SQL
	my ($record) = $drills->run($drills->plan('good', %extended,
			postgresql => { 'shared-buffers' => '32MiB', set => 'work_mem = 7MB', libraries => 'auto_explain' },
			'check memory' => { type => 'sql', sql => $sql, gate => 'true' }), [], 0, 'pass', 'a good copy');
	is(Odr::Drill::check_of($record, 'memory')->{status}, 'pass', 'the settings of the plan are those of the server');
	like(Odr::Drill::check_of($record, 'amcheck')->{message}, qr/^the structure of \d+ relations is right/, 'relations are looked at');
	my $pages = Odr::Drill::check_of($record, 'page-checksums', stage => 'extended');
	like($pages->{message}, qr/^the checksums of \d{3,} pages are right/, 'and all pages');
	$drills->ok_nothing_left('a good copy');
};

subtest 'damage in the copy' => sub {
	my $psql = Odr::Cluster::client('psql');
	my $plant = write_file($site->path('plant'), <<"SH", 0755);
#!/bin/sh
set -e
psql() { '$psql' -X -q -At -d "\$ODR_CONNINFO dbname=shop" -c "\$1"; }
psql "CREATE OR REPLACE FUNCTION public.bucket(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT n % 5'"
psql CHECKPOINT
file=\$(psql "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('public.ledger_pkey')")
printf '\\377\\377' | dd of="\$file" bs=1 seek=\$((2 * 8192 + 4000)) conv=notrunc status=none
echo "\$file is damaged"
SH
	my ($record) = $drills->run($drills->plan('damaged', %extended,
			'check plant' => { type => 'command', command => $plant, stage => 'promoted' }), [], 4, 'fail-check', 'a damaged copy');
	my $amcheck = Odr::Drill::check_of($record, 'amcheck', database => 'shop');
	is($amcheck->{value}, 2, 'amcheck finds both') or diag explain $amcheck;
	like($amcheck->{message}, qr/ledger_bucket: .*lacks matching index tuple/, 'an index that lacks rows');
	like($amcheck->{message}, qr/ledger_pkey: .*invalid page in block 2/, 'and one that cannot be read');
	my $pages = Odr::Drill::check_of($record, 'page-checksums', stage => 'extended');
	like($pages->{message}, qr{^1 of \d+ pages are damaged: base/\d+/\d+ block 2$}, 'the page is named');
	$drills->ok_nothing_left('a damaged copy');
};

$drills->ok_evidence;
done_testing;
