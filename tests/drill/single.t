#!/usr/bin/perl
# A drill of one database of a cluster recovers that one and its files, checks it, and says of the others that it did not; where
# its files are not enough, all are restored, which is told.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;

use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my ($missing) = grep { !defined shared_path($_) } Odr::Odoo::data_of('odoo17');
plan skip_all => "needs ../shared/$missing" if defined $missing;

my $site = Odr::Site->new(version => 15, cluster => { conf => { max_wal_size => '2GB' } }, evidence => 1);
my $root = new_dir($site->path('filestore'), 0755);
my $service = $site->service;
$site->{sections}{"service $service"} = { filestore => $root, config => 'none' };
$site->start_cluster;
my $source = $site->cluster;
my $shop = Odr::Odoo->new(cluster => $source, database => 'shop', filestore => $root)->load('odoo17');
my $crm = Odr::Odoo->new(cluster => $source, database => 'crm', filestore => $root)->create;
$crm->upload("of the neighbour $_") for 1 .. 5;
$source->psql('CREATE TABLE plenty AS SELECT n, repeat(md5(n::text), 20) AS text FROM generate_series(1, 20000) n', 'crm');
$site->write_conf->make_keys->init_repository->start_archiving;
$site->backup('two databases and their files');
my $later = $shop->upload('after the set');
$site->tool_ok(['backup', $service, '--part', 'filestore'], 'the filestore again');
$source->psql('UPDATE plenty SET n = n + 1', 'crm');
# A moment at which Odoo is being upgraded.
$source->psql("BEGIN; ALTER TABLE ir_attachment ADD COLUMN upgraded integer; SELECT pg_create_restore_point('in-upgrade'); ROLLBACK", 'shop');
$source->archive_now;

my $drills = Odr::Drill->new(site => $site);

my $neighbour = $source->psql("SELECT oid FROM pg_database WHERE datname = 'crm'");
# What lies in the sandbox, before replay is over for good.
my $look = write_file($site->path('look'), <<'SH' =~ s/OID/$neighbour/r, 0755);
#!/bin/sh
set -e
data=$(dirname "$ODR_FILESTORE")/data
[ ! -e "$ODR_FILESTORE/crm" ] || { echo "files of the neighbour are there"; exit 1; }
echo "$(find "$data/base/OID" -type f -size +1M 2>/dev/null | wc -l) large files of the neighbour"
SH
my @looking = ('^\[check login-users\]$' => "[check look]\ntype = command\ncommand = $look\nstage = paused\n\n[check login-users]",
	'^\[sandbox\]$' => "[extended]\namcheck = sample:20\n\n[sandbox]");

subtest 'one database of two' => sub {
	my $plan = $drills->shipped('single-tenant', 'erp-prod' => $service, '^\[evidence\]$' => "[neutralize]\nmode = sql\n[evidence]", @looking);
	my ($record) = $drills->run($plan, ['--target', 'latest'], 0, 'pass', 'one database');
	is($record->{source}{database}, 'shop', 'the record says which');
	is_deeply({ map { $_->{name} => $_->{recovered} } @{ $record->{databases} } },
		{ shop => JSON::PP::true(), crm => JSON::PP::false(), postgres => JSON::PP::false() }, 'and which not');
	is_deeply([sort map { "$_->{what}: $_->{reason}" } grep { $_->{what} =~ /^database/ } @{ $record->{not_assessed} }],
		["database 'crm': only 'shop' was to be recovered", "database 'postgres': only 'shop' was to be recovered"], 'and why');
	is($record->{filestore}{named}, scalar($shop->names), 'every file that it names is proven');
	is($record->{filestore}{restored}, scalar($shop->names), 'and no other was fetched');
	is(Odr::Drill::check_of($record, 'filestore')->{status}, 'pass', 'its filestore is right');
	for my $check (qw(invoices-balanced invoice-totals sales-totals timesheets attachments)) {
		is(Odr::Drill::check_of($record, $check)->{status}, 'pass', "$check passes on real data");
	}
	ok(!(grep { ($_->{database} // 'shop') ne 'shop' && $_->{database} ne 'template1' } @{ $record->{checks} }),
		'no check looked at another database');
	my $pages = Odr::Drill::check_of($record, 'page-checksums', stage => 'extended');
	is($pages->{status}, 'pass', 'nor are its pages taken for damaged') or diag $pages->{message};
	is(Odr::Drill::check_of($record, 'amcheck')->{database}, 'shop', 'its structure is looked at');
	my $size = $source->psql("SELECT pg_database_size('crm')");
	my ($base) = grep { $_->{phase} eq 'base' } @{ $record->{spans} };
	cmp_ok($base->{bytes}, '<', $source->psql('SELECT sum(pg_database_size(oid)) FROM pg_database') - $size / 2,
		'the bytes of the neighbour are not among those restored');
	like($site->tool_ok(['drill', 'show', $record->{run}{id}], 'is shown')->out,
		qr/^Only +database shop; not recovered: (?:crm, postgres|postgres, crm)$/m, 'with what it says nothing of');
	like(read_file($site->path('state', 'evidence', $record->{run}{id}, 'report.html')), qr/Not assessed: database &#39;crm&#39;: only &#39;shop&#39; was to be recovered\./,
		'so does the report');
	$drills->ok_nothing_left('one database');
	$drills->ok_evidence;
};

subtest 'a moment at which nobody can ask the database for its files' => sub {
	my $plan = $drills->plan('upgrade', select => { target => 'name:in-upgrade', database => 'shop' });
	my ($record) = $drills->run($plan, [], 0, qr/^pass/, 'one database, while it is upgraded');
	cmp_ok($record->{arrival}{locked_relations}, '>', 0, 'its tables are locked');
	is($record->{filestore}{missing}, 0, 'no file that it names lacks');
	is($record->{filestore}{named}, scalar($shop->names), 'once it can be asked');
	$drills->ok_nothing_left('an upgrade');
};

subtest 'what cannot be' => sub {
	my ($record) = $drills->run($drills->plan('nobody', select => { target => 'latest', database => 'nobody' }), [], 7, 'fail-restore',
		'a database that is not there');
	like($record->{failure}{message}, qr/there is no database 'nobody' at that moment; there are: .*shop/, 'those that are there are named');
	$site->tool_fails(['drill', 'lint', $drills->plan('other', select => { target => 'latest', database => 'shop' },
				'check crm' => { type => 'odoo-database', database => 'crm' })], 2,
		qr/'crm' is not recovered, only 'shop' is, which is database= of \[select\]/, 'a check of another database');
	$drills->ok_nothing_left('what cannot be');
};

subtest 'when its files are not enough' => sub {
	$source->psql($_) for 'DROP DATABASE crm', 'CREATE DATABASE crm TEMPLATE shop STRATEGY file_copy';
	rename "$root/crm", "$root/crm-before";
	run_program(['cp', '-a', "$root/shop", "$root/crm"])->ok or die "cannot copy\n";
	$site->tool_ok(['backup', $service, '--part', 'filestore'], 'the files of a database that was made anew');
	$source->archive_now;
	my ($record) = $drills->run($drills->plan('anew', select => { target => 'latest', database => 'crm' }), [], 0, 'pass-with-warnings',
		'a database that was made anew');
	is($record->{deviations}[0], 'the database was made anew after the set was taken: all databases of the cluster were restored',
		'it says what was done');
	is(scalar(grep { $_->{phase} eq 'base' } @{ $record->{spans} }), 2, 'both tries are measured');
	is($record->{filestore}{named}, scalar($shop->names), 'its files are proven');
	is_deeply([map { $_->{name} } grep { $_->{recovered} } @{ $record->{databases} }], ['crm'], 'it alone was looked at');
	$drills->ok_nothing_left('made anew');
};

done_testing;
