#!/usr/bin/perl
# A database and its filestore come back to one moment: every file that the database names then is there and right, whatever
# was uploaded, removed and collected around it. And of one tenant nothing but its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Odoo;
use Odr::Site;
use Odr::Tool;
use Odr::Work;

my $site = Odr::Site->new(version => 15);
my $root = new_dir($site->path('filestore'), 0755);
$site->{sections}{ 'service ' . $site->service } = { filestore => $root, config => 'none' };
$site->create;
my $source = $site->cluster;
my ($shop, $neighbour) = map { Odr::Odoo->new(cluster => $source, database => $_, filestore => $root)->create } qw(shop neighbour);

my @first = map { $shop->upload("first $_ " . 'x' x (100 * $_), res_model => 'account.move', res_id => $_) } 1 .. 30;
$neighbour->upload("neighbour's $_") for 1 .. 5;
$shop->upload('in both'), $neighbour->upload('in both');
$site->backup('database and filestore');

# Around the moment: written after the first capture, and removed before the second.
my @second = map { $shop->upload("second $_") } 1 .. 6;
$shop->remove(@first[0 .. 3])->collect;
my $content = q(SELECT count(*), sum(file_size) FROM ir_attachment);
my $then = $shop->sql($content);
my $time = $source->psql(q(SELECT to_char(clock_timestamp() AT TIME ZONE 'utc', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'));
my @then = $shop->names;
$source->psql('SELECT txid_current()');
my $late = $shop->upload('after the moment');
$site->tool_ok(['backup', $site->service, '--part', 'filestore'], 'the filestore again');
$shop->remove(@second, $late, $first[10])->collect;
$site->tool_ok(['backup', $site->service, '--part', 'filestore'], 'and again');
$source->archive_now;

my @target = ('--type', 'time', '--target', $time);
my $copy_files = $site->path('copy-files');
my $plan = $site->tool_ok(['restore', $site->service, '--plan', '--filestore', $copy_files, '--pgdata', $site->path('copy'), @target],
	'a plan of both');
like($plan->out, qr/Part database\n.*Part filestore\n.*and from set/s, 'shows both, and from which captures files come');
ok(!-e $copy_files, 'and touches nothing');

my $restored = $site->tool_ok([$site->restore_arguments($site->path('copy'), '--filestore', $copy_files, @target)], 'both are restored');
my ($next) = $restored->out =~ /^When the database is up: odrbackup (.+)$/m;
my @next = split / /, $next // die $restored->describe;
tool_fails([@next], 6, qr/no server runs in '\S+copy': start it first/, 'what comes next, before the server is started');
my $copy = $source->copy_at('the-copy', $site->path('copy'));
$copy->start(120);
$copy->wait_paused(120);
$neighbour->upload('that the copy lacks');
$site->tool_ok(['backup', $site->service, '--part', 'filestore'], 'the filestore with it');
my $proven = tool_ok([@next], 'what comes next, as it was printed');
like($proven->out, qr/database +shop.*every file that the database names is there and right/s, 'asks the server that was restored');
is($copy->psql($content, 'shop'), $then, 'the database is as it was');
is_deeply([grep { !-f "$copy_files/shop/$_" } @then], [], 'every file it names is there');
ok(!-e "$copy_files/shop/checklist", 'marks of the collector are not');
my @verify = ('verify', 'filestore', $site->service, '--filestore', $copy_files, '--postgres', $copy->conninfo);
my $verified = $site->tool_ok([@verify], 'the proof');
like($verified->out, qr/database +shop.*every file that the database names is there and right/s, 'says so');
like($verified->out, qr/database +neighbour/, 'of each database');
is(run_program(['stat', '-c', '%a %Y', "$copy_files/shop/$then[0]"])->out, run_program(['stat', '-c', '%a %Y', $shop->path($then[0])])->out,
	'mode and time are those of the file');

# The proof finds what is wrong, and tells it apart.
my ($missing, $short, $changed) = @then[2, 3, 4];
unlink "$copy_files/shop/$missing";
write_file("$copy_files/shop/$short", 'short', 0644);
my $bytes = read_file("$copy_files/shop/$changed");
substr($bytes, 0, 1) = 'X';
write_file("$copy_files/shop/$changed", $bytes, 0644);
$copy->psql('SELECT pg_wal_replay_resume()');
$copy->wait_promoted(60);
$copy->psql(<<'SQL', 'shop');
INSERT INTO ir_attachment (store_fname, file_size, url) VALUES ('aa/' || repeat('a', 40), 3, '/web/assets/1/x.js'),
	('../../etc/passwd', 1, NULL), ('s3://bucket/x', 1, NULL);
SQL
$site->tool_fails([@verify], 4, qr/4 files that the database names are missing or damaged/, 'what is wrong is found');
my $document = $site->tool(@verify, '--json')->json;
my ($of_shop) = grep { $_->{database} eq 'shop' } @{ $document->{databases} };
my %is = map { $_->{name} => $_->{is} } @{ $of_shop->{findings} };
is_deeply([@is{ $missing, $short, $changed, '../../etc/passwd' }],
	['missing', 'of another size', 'of other content', 'no name of a file'], 'and called by its name');
is($of_shop->{regenerable}, 1, 'a bundle of assets is built again');
is($of_shop->{new_damage}, 4, 'and does not count');
$copy->stop('immediate');

$site->tool_fails(['restore', $site->service, '--part', 'filestore', '--filestore', $copy_files], 6, qr/is not empty/,
	'a folder with files is not written into');
$site->tool_fails(['restore', $site->service, '--part', 'filestore', '--filestore', $site->path('new'), '--type', 'lsn', '--target', '0/1'], 2,
	qr/without --part database there is no WAL that would lead to --type lsn/, 'a filestore alone has no WAL positions');
$site->tool_fails(['restore', $site->service, '--part', 'filestore', '--part', 'config', '--plan', '--type', 'xid', '--target', '1000'], 2,
	qr/without --part database there is no WAL that would lead to --type xid/, 'nor has it together with the configuration');
$site->tool_fails(['verify', 'filestore', $site->service, '--filestore', $copy_files, '--pgdata', '/x', '--postgres', 'host=/x'], 2,
	qr/--pgdata and --postgres exclude each other/, 'one server is asked');
my $newest = $site->path('newest');
my $alone = $site->tool_ok(['restore', $site->service, '--part', 'filestore', '--filestore', $newest],
	'a filestore alone: its newest capture');
($next) = $alone->out =~ /^When the database is up: odrbackup (.+)$/m;
tool_ok([split / /, $next // die $alone->describe], 'what comes next asks the server of the service');
is(run_program(['diff', '-r', '--exclude=checklist', $root, $newest])->out, '', 'is what is there now');

# One tenant.
my $place = new_dir($site->path('odoo-filestore'), 0755);
# What a shell has for another server leads the private one nowhere.
my $shell = { env => { PGPORT => 1, PGTARGETSESSIONATTRS => 'read-write' } };
$site->tool_ok(['restore', $site->service, '--database', 'shop', '--as', 'shop-before', '--filestore', $place, @target],
	'a tenant with its files', $shell);
is($source->psql($content, 'shop-before'), $then, 'its database is as it was');
is_deeply([sort map { s{^\Q$place/shop-before/}{}r } glob "$place/shop-before/*/*"], [@then], 'it has its files, and no others');
is_deeply([glob "$place/* $place/.odr*"], ["$place/shop-before"], 'and nothing else is left');

my $zip = $site->path('shop.zip');
$site->tool_ok(['export', $site->service, '--database', 'shop', '--output', $zip, @target], 'a zip');
my $seen = run_program(['python3', '-c', <<'PYTHON', $zip]);
import hashlib, json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
names = z.namelist()
assert names[0] == 'dump.sql' and names[-1] == 'manifest.json', names
assert b'CREATE TABLE public.ir_attachment' in z.read('dump.sql') and b'OWNER TO' not in z.read('dump.sql')
for name in names[1:-1]:
    assert name.startswith('filestore/') and hashlib.sha1(z.read(name)).hexdigest() == name.rsplit('/', 1)[1], name
    print(name[len('filestore/'):])
m = json.loads(z.read('manifest.json'))
assert m['odoo_dump'] == '1' and m['db_name'] == 'shop' and m['version'] == '17.0' and m['version_info'][:2] == [17, 0], m
assert m['modules'] == {'base': '17.0.1.3', 'sale': '17.0.1.2'} and m['pg_version'] == '15.0', m
PYTHON
ok($seen->ok, 'is one as Odoo reads it') or diag $seen->err;
is_deeply([split /\n/, $seen->out], [@then], 'with the files of that moment');
$site->tool_fails(['export', $site->service, '--database', 'shop', '--output', $zip], 1, qr/exists already/, 'a file that is there stays');
$site->tool_fails(['export', $site->service, '--database', 'postgres', '--output', "$zip.x"], 6, qr/no database of Odoo/,
	'a database that is none of Odoo\'s');
is_deeply([glob $site->path('spool', $site->service, 'sandbox-*')], [], 'no sandbox is left');

done_testing();
