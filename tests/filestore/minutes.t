#!/usr/bin/perl
# Captures each minute, each of them with a little that is new: the newest set does not refer to a pack for each of them, and
# every set that is listed restores as it was.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Odoo;
use Odr::Site;
use Odr::Tool;
use Odr::Work;

my $site = Odr::Site->new(version => 15, archive => 0);
my $root = new_dir($site->path('filestore'), 0755);
$site->{sections}{ 'service ' . $site->service } = { filestore => $root };
$site->create;
my $shop = Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->create;
my @ids = map { $shop->upload("at first $_ " . 'x' x (200 * $_)) } 1 .. 200;
my @capture = ('backup', $site->service, '--part', 'filestore');
$site->tool_ok([@capture], 'a first capture');

sub tables { return glob $site->repository . '/*/table/*' }

# Bytes of those that came since: a row for each pack.
my %known = map { $_ => 1 } tables();
my (@rows, %then);
for my $minute (1 .. 70) {
	$shop->upload("in minute $minute" . 'y' x 300);
	$shop->remove($ids[$minute])->collect if $minute % 10 == 0;
	my $result = $site->tool(@capture);
	BAIL_OUT($result->describe) if !$result->ok;
	push @rows, map { int((-s) / 72) } grep { !$known{$_}++ } tables();
	$then{ ($site->set_ids)[-1] } = { map { $_ => 1 } map { s{^\Q$root/shop/}{}r } glob "$root/shop/??/*" } if $minute % 14 == 0;
}
is(scalar(@rows), 70, 'a table for each capture');
my ($most) = sort { $b <=> $a } @rows;
cmp_ok($most, '<', 3 * 16, 'none of them lists the packs of all');
cmp_ok($rows[-1], '<=', $most, 'nor does the last one');

sub ok_restores {
	my ($set, $files, $name) = @_;
	my $folder = $site->path("restored-$set");
	$site->tool_ok(['restore', $site->service, '--part', 'filestore', '--filestore', $folder, '--set', $set], "$name restores");
	is_deeply([sort map { s{^\Q$folder/shop/}{}r } glob "$folder/shop/??/*"], [sort keys %$files], 'with the files of then');
	my $check = run_program(['sh', '-c', 'cd "$1" && find shop -type f -path "shop/??/*" | sed "s,.*/\(.*\),\1  &," | sha1sum --check --quiet', 'sh', $folder]);
	is($check->out . $check->err, '', 'and their content');
	run_program(['rm', '-rf', $folder]);
}
ok_restores($_, $then{$_}, $_) for sort keys %then;
my $check = $site->tool('check', $site->service, '--repository-scan', '--json')->json;
is_deeply([grep { $_ ne 'set.part' } map { $_->{code} } grep { $_->{severity} eq 'critical' } @{ $check->{findings} }], [],
	'every object is there and good');
done_testing();
