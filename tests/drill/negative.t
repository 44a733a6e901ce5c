#!/usr/bin/perl
# The yearly plan on real Odoo data: in a copy that is right every damage it plants is found by the check of the process that rests on
# it, and none of it stays; a check that does not see one is a failure of the drill.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Drill;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my ($missing) = grep { !defined shared_path($_) } Odr::Odoo::data_of('odoo17');
plan skip_all => "needs ../shared/$missing" if defined $missing;

my $site = Odr::Site->new(version => 15, cluster => { conf => { max_wal_size => '2GB' } }, evidence => 1);
my $service = $site->service;
my $drills = Odr::Drill->new(site => $site);
my $root = new_dir($site->path('filestore'), 0755);
$site->{sections}{odrbackup} = { drills => $site->path('plans') };
$site->start_cluster;
Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->load('odoo17');
$site->write_conf->make_keys->init_repository->start_archiving;

my @damages = map { m{([^/]+\.sql)$} } glob source_path('drills/damage/*.sql');
$drills->beside("damage/$_", read_file(source_path("drills/damage/$_"))) for @damages;
my @fitted = ('erp-prod' => $service, '^\[evidence\]$' => "[neutralize]\nmode = sql\n\n[evidence]");
my $plan = $drills->shipped('negative', @fitted);
$site->backup('a real database');
# Gaps that the source has are not the copy's.
$site->tool_ok(['anchor', 'create', $service, 'before'], 'what is so at the source');
$site->cluster->archive_now;

my ($record) = $drills->run($plan, [], 0, 'pass', 'the yearly plan');
is_deeply([sort map { $_->{name} } @{ $record->{controls} }], [sort map { s/\.sql$//r } @damages], 'each damage was planted');
for my $control (@{ $record->{controls} }) {
	is($control->{status}, 'pass', "$control->{name} is found by $control->{check}") or diag explain $control;
}
is_deeply([map { "$_->{name}: $_->{message}" } grep { $_->{status} ne 'pass' } @{ $record->{checks} }], [],
	'no check fails in the copy, nor after the damage');
my %check = map { $_->{name} => $_ } @{ $record->{checks} };
is_deeply([map { "@{ $check{$_}{process} }" } qw(invoices-balanced timesheets sales-totals)], ['invoicing', 'timesheets', 'sales orders'],
	'each is of a business process');
my $folder = $site->path('state', 'evidence', $record->{run}{id});
like(read_file("$folder/report.html"), qr/^<!DOCTYPE html>/, 'the reports that it wants lie beside the record');
like(read_file("$folder/report.xml"), qr/<testsuite /, 'each of them');
ok(!-e "$folder/report.md", 'and no other');
$drills->ok_nothing_left('the yearly plan');

# Damage that is none: whoever plants it proves nothing.
$drills->beside('damage/invoice-total-edited.sql', "UPDATE account_move SET narration = narration WHERE id = 1\n");
($record) = $drills->run($plan, [], 4, 'fail-check', 'damage that is not seen');
is_deeply([map { $_->{name} } grep { $_->{status} eq 'fail' } @{ $record->{controls} }], ['invoice-total-edited'], 'it is named');
$drills->ok_evidence;

done_testing;
