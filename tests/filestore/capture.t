#!/usr/bin/perl
# What a capture of a filestore takes, what it says of what is odd, and that nothing new costs a moment and no set.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Digest::SHA qw(sha1_hex);

use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, archive => 0);
my $root = new_dir($site->path('filestore'), 0755);
$site->{sections}{ 'service ' . $site->service } = { filestore => $root };
$site->create;
my $shop = Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->create;
my @ids = map { $shop->upload("file $_ " . 'x' x $_) } 1 .. 40;

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

done_testing();
