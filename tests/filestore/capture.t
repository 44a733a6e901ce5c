#!/usr/bin/perl
# What a capture of a filestore takes, what it says of what is odd, and that nothing new costs a moment and no set.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Digest::SHA qw(sha1_hex);

use Odr::Cluster;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, archive => 0);
my $root = new_dir($site->path('filestore'), 0755);
$site->{sections}{ 'service ' . $site->service } = { filestore => $root };
$site->create;
my $shop = Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->create;
my @ids = map { $shop->upload("file $_ " . 'x' x $_) } 1 .. 40;
# As images and archives are.
$shop->upload(join '', map { chr rand 256 } 1 .. 1000 + 500 * $_) for 1 .. 20;

sub capture { return $site->tool('backup', $site->service, '--part', 'filestore', @_) }

sub restored_is {
	my ($name, $what) = @_;
	my $folder = $site->path($name);
	$site->tool_ok(['restore', $site->service, '--part', 'filestore', '--filestore', $folder], "$what: restores");
	is(run_program(['diff', '-r', '--exclude=checklist', $root, $folder])->out, '', 'and is what is there');
}

is(capture()->status, 0, 'a first capture');
is(scalar($site->set_ids), 1, 'makes a set');
restored_is('first', 'the set');

is(capture()->status, 0, 'nothing is new');
is(scalar($site->set_ids), 1, 'so there is no set');
is(scalar(() = glob $site->repository . '/*/moment/filestore/*'), 1, 'but a moment');

$shop->upload('a new one');
$shop->remove(@ids[0 .. 4])->collect;
is(capture()->status, 0, 'some came, some went');
is(scalar($site->set_ids), 2, 'that is a set');
restored_is('second', 'the second');

# A collector that is running, or whoever else has the lock on its job, does not hold up a capture: the job is watched instead.
my $holder = start_program([Odr::Cluster::client('psql'), '-X', '-q', '-d', $site->cluster->conninfo('shop')],
	stdin => "BEGIN; SELECT id FROM ir_cron FOR UPDATE; SELECT 'held', pg_sleep(600);");
$site->cluster->poll_query(q(SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%held%' AND wait_event = 'PgSleep'), 1);
$shop->upload('while the job is locked');
my $locked = capture({ timeout => 60 });
is($locked->status, 0, 'a capture while the job is locked');
is(
	join('', grep {/collector/} split /^/, $locked->out . $locked->err),
	"odrbackup: warning: the collector of database 'shop' could not be held off: somebody held the lock on the row of its job for 3 s, as it "
		. "does itself while it runs; it was watched instead, and removed nothing\n",
	'says so'
);
restored_is('locked', 'its set');
$site->cluster->psql(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'));
$holder->wait;

# Of what is named by its content, content that is another is damage: once said, then known.
my $damaged = sha1_hex('what it was');
my $folder = substr $damaged, 0, 2;
new_dir("$root/shop/$folder", 0755);
write_file("$root/shop/$folder/$damaged", 'what it is', 0644);
utime 1_700_000_000, 1_700_000_000, "$root/shop/$folder/$damaged";
my $result = capture();
is($result->status, 9, 'a damaged file') or diag $result->describe;
like($result->out . $result->err, qr/\Q$damaged\E/, 'is named');
restored_is('damaged', 'it is stored as it is');
$shop->upload('after the damage');
is(capture()->status, 0, 'damage that is known is no news');

# What Odoo has elsewhere is not in the set, and that is said; so are folders and databases without the other.
$shop->sql(q(INSERT INTO ir_attachment (store_fname, file_size) VALUES ('s3://bucket/key', 3)));
new_dir("$root/gone", 0755);
$result = capture('--full');
like($result->out . $result->err, qr/s3/, 'attachments in another store are told');
like($result->out . $result->err, qr/gone/, 'and a folder that has no database');

# What the rows name is compared with what is there, where all databases are asked: what is lost is told once as damage, and
# each time with its number; a recovery tells it from what is lost on the way.
my ($lost, $other) = map { ($shop->sql("SELECT store_fname FROM ir_attachment WHERE id = $_"))[0] } @ids[10, 11];
unlink $shop->path($lost);
$shop->sql("UPDATE ir_attachment SET file_size = 1, res_model = 'account.move' WHERE id = $ids[11]");
$shop->sql("INSERT INTO ir_attachment (store_fname, file_size, url) VALUES ('aa/' || repeat('a', 40), 3, '/web/assets/1/x.js')");
$result = capture('--full');
is($result->status, 9, 'files that rows name, and that are not there so') or diag $result->describe;
like($result->err, qr{filestore/shop/\Q$lost\E: it is missing, and named by 1 row of database 'shop', the first with id $ids[10]$}m, 'one is missing');
like($result->err, qr{filestore/shop/\Q$other\E: it is of another size, .* with id $ids[11] for account.move$}m, 'one has another size');
unlike($result->err, qr{aa/a{40}: it is missing}, 'what Odoo builds again is not told by itself');
like($result->err, qr{database 'shop' names 3 files that are missing in}, 'but counted');
$shop->upload('after the loss');
is(capture()->status, 0, 'known, it is no news');
my ($newest) = reverse $site->set_ids;
my @verify = ('verify', 'filestore', $site->service, '--filestore', $root);
$site->tool_fails([@verify], 4, qr/2 files that the database names are missing or damaged/, 'by itself the proof counts it as new');
my $proof = $site->tool_ok([@verify, '--set', $newest], 'with the set it is what was so at the source');
like($proof->out, qr/^not counted +3 that were so at the source/m, 'and is told');
like($proof->out, qr/^elsewhere +1 attachment in s3:/m, 'and so is what is in another store');
is_deeply($site->tool(@verify, '--set', $newest, '--json')->json->{databases}[0]{attachments}{elsewhere}, { 's3://bucket' => 1 }, 'as JSON as well');

done_testing();
