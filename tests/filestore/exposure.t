#!/usr/bin/perl
# What would be lost of database and files together, at every time: no more is claimed than the worse of both has, and what
# turns out to be lost lowers it, back to when it was last known to be good.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15);
my $root = new_dir($site->path('filestore'), 0755);
my $section = $site->{sections}{ 'service ' . $site->service } = { filestore => $root, config => 'none', tier => 'gold' };
my $tier = $site->{sections}{'tier gold'} = { rpo => '1d' };
$site->create;
my $cluster = $site->cluster;
my $shop = Odr::Odoo->new(cluster => $cluster, database => 'shop', filestore => $root)->create;
$shop->upload("first $_") for 1 .. 3;
$site->backup('database and files');

sub main_of { return $_[0]{repositories}[0] }
sub status { return $site->json('status', $site->service) }
sub codes { return join ' ', sort map { $_->{code} } @{ $_[0]{findings} } }

# Both at one moment.
my $first = status();
my $points = main_of($first)->{points};
is($points->{whole}, (sort $points->{filestore}, main_of($first)->{recovery_point})[0], 'the whole is as recent as the older of both');
is_deeply([@$first{ 'whole_recovery_point', 'whole_repository' }], [$points->{whole}, 'main'], 'and so is the service');
is(codes($first), '', 'all within the objectives');

# The database goes on, files do not.
$cluster->psql('CREATE TABLE later (x int)');
$cluster->archive_now;
my $second = status();
cmp_ok(main_of($second)->{recovery_point}, 'gt', $points->{filestore}, 'the database has a newer point');
is($second->{whole_recovery_point}, $points->{filestore}, 'the whole has not');

# Nothing new is a proof as well.
$site->tool_ok(['backup', $site->service, '--part', 'filestore'], 'a capture that finds nothing new');
my $third = status();
cmp_ok(main_of($third)->{points}{filestore}, 'gt', $points->{filestore}, 'proves the files of now');
is($third->{whole_recovery_point}, main_of($third)->{recovery_point}, 'now it is the database that is older');
my $exposure = main_of($third)->{exposures}{whole};
cmp_ok($exposure->{maximum_us}, '>=', $exposure->{mean_us}, 'a sawtooth has a largest and a mean exposure');
is($exposure->{objective_us}, 86_400_000_000, 'against an objective');
is_deeply([@$exposure{ 'revised_us', 'over_us' }], [0, 0], 'nothing of it is over it, or revised');
like($site->tool('status', $site->service)->out, qr/^  database and files +as of /m, 'people are told as well');
like($site->tool('metrics')->out, qr/^odrbackup_recovery_point_timestamp_seconds\{.*component="whole"/m, 'and monitoring');
is(codes($site->json('check', $site->service)) =~ /exposure|lost/, '', 'check finds no fault with that');

# The last segment is lost.
my ($wal) = reverse sort glob $site->repository . '/*/wal/00000001/*';
rename $wal, $site->path('lost') or die "cannot take '$wal' away: $!\n";
my $check = $site->tool('check', $site->service, '--json');
is($check->status, 13, 'check: 13');
my $fourth = status();
like(codes($fourth), qr/\bobject\.lost\b/, 'status says that something is lost');
cmp_ok(main_of($fourth)->{recovery_point}, 'lt', main_of($third)->{recovery_point}, 'the database can be recovered to no more than before it');
is($fourth->{whole_recovery_point}, main_of($fourth)->{recovery_point}, 'and the whole neither');
my $of_database = main_of($fourth)->{exposure};
cmp_ok($of_database->{revised_us}, '>', 0, 'what was claimed meanwhile is revised');
cmp_ok($of_database->{maximum_us}, '>=', $of_database->{revised_us}, 'as the longer time that it was exposed');
cmp_ok(main_of($fourth)->{exposures}{whole}{revised_us}, '>', 0, 'of the whole, too');
like($site->tool('status', $site->service)->out, qr/revised for .*: what was stored turned out to be lost/, 'in words');

# It is there again.
rename $site->path('lost'), $wal or die "cannot bring '$wal' back: $!\n";
is($site->tool('check', $site->service)->status, 0, 'it was brought back');
my $fifth = status();
is(codes($fifth), '', 'nothing is lost any more');
is(main_of($fifth)->{recovery_point}, main_of($third)->{recovery_point}, 'and all can be recovered that could before');
cmp_ok(main_of($fifth)->{exposure}{revised_us}, '>', 0, 'that it was lost for a time is remembered');

# A pack of the newest capture of files is damaged: only reading it back shows it.
$shop->upload('second');
my %known = map { $_ => 1 } glob $site->repository . '/*/pack/*/*/*';
$site->tool_ok(['backup', $site->service, '--part', 'filestore'], 'a capture with news');
my $claimed = main_of(status())->{points}{filestore};
my ($pack) = grep { !$known{$_} } glob $site->repository . '/*/pack/*/*/*';
my $bytes = read_file($pack);
substr($bytes, length($bytes) / 2, 1) ^= "\x01";
chmod 0600, $pack;
write_file($pack, $bytes);
is($site->tool('check', $site->service)->status, 0, 'a look at names and sizes sees nothing');
is(main_of(status())->{points}{filestore}, $claimed, 'and changes nothing');
is($site->tool('check', $site->service, '--repository-scan')->status, 13, 'reading it back does');
my $sixth = status();
cmp_ok(main_of($sixth)->{points}{filestore}, 'lt', $claimed, 'files can be recovered from the capture before');
cmp_ok(main_of($sixth)->{exposures}{filestore}{revised_us}, '>', 0, 'what was claimed is revised');
is(codes(status()), codes($sixth), 'and stays so');

# Files over their objective.
$tier->{'rpo-filestore'} = '1s';
$site->write_conf;
poll_until('files are over their objective', sub { codes(status()) =~ /\bexposure\.part-over\b/ }, 30);
# check takes the newest capture, which may be younger than that.
poll_until('check says so to monitoring', sub { $site->tool('check', $site->service, '--nagios')->status == 2 }, 30);

done_testing();
