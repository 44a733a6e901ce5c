#!/usr/bin/perl
# A drill whose file system has no room ends as an error of its host, with exit status 14 and a signed record: before anything is
# fetched where the room can be told, and wherever it is then that the last of it goes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Disk;
use Odr::Drill;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 }, evidence => 1);
my $service = $site->service;
my $drills = Odr::Drill->new(site => $site);
my $addons = new_dir($site->path('addons'), 0755);
$site->{sections}{"service $service"} = { config => 'addons' };
$site->{sections}{'collect addons'} = { paths => $addons };
$site->create;
my $source = $site->cluster;

# A file system for so many files, however large they are; undef where none can be mounted.
my $mounted = 0;
sub sandbox {
	my ($megabytes, $files) = @_;
	my $folder = $site->path('m' . ++$mounted);
	return if !disk_mount($folder, $megabytes, $files);
	write_file("$folder/.odrbackup-drill", '');
	return $folder;
}

sub drill {
	my ($folder, $name) = @_;
	my ($record, $result) = $drills->run($drills->plan('full', sandbox => { directory => $folder, 'keep-failed' => '0s' }), [], 14, 'error', $name);
	is_deeply([glob "$folder/sandbox-*"], [], "$name: nothing is left");
	ok(-s $site->path('state', 'evidence', $record->{run}{id}, 'record.json.sig'), "$name: the record is signed");
	return $record;
}

my $small = sandbox(16);
plan skip_all => 'no file system can be mounted here' if !$small;

# MiB that the drill asks for.
sub asked {
	my ($record) = @_;
	my ($number, $unit) = $record->{failure}{message} =~ /needs about ([0-9.]+) (.iB) in/ or return diag explain $record->{failure};
	return $unit eq 'GiB' ? 1024 * $number : $number;
}

$site->backup('database, and code that is small');
my $before = asked(drill($small, 'no room for the database'));
cmp_ok($before, '>', 512, 'the database is counted');
run_program(['dd', 'if=/dev/urandom', "of=$addons/large.po", 'bs=1M', 'count=24'])->ok or die "cannot write\n";
$site->tool_ok(['backup', $service, '--part', 'config'], 'code that is large');
cmp_ok(asked(drill($small, 'nor for the code')), '>', $before + 24, 'so is the code that was captured');
unlink "$addons/large.po";
$site->tool_ok(['backup', $service, '--part', 'config'], 'code that is small again');

my $files = run_program(['find', $source->pgdata])->out =~ tr/\n//;
my $record = drill(sandbox(2048, int($files / 2)), 'full while files are restored');
is($record->{failure}{state}, 'restoring', 'which is told');
like($record->{failure}{message}, qr/No space left on device/, 'with its cause');

$source->psql('DO $$ BEGIN FOR i IN 1 .. 1500 LOOP EXECUTE format(\'CREATE TABLE t%s (n integer)\', i); END LOOP; END $$');
$source->archive_now;
$record = drill(sandbox(2048, $files + 600), 'full while WAL is replayed');
is($record->{failure}{state}, 'replaying', 'which is told');
like($record->{failure}{message}, qr/the private server ended .*could not create file.*No space left on device/, 'in the words of the server');
$drills->ok_evidence;

done_testing;
