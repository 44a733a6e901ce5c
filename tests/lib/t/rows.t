#!/usr/bin/perl
# The history of Odr::Rows proves itself without odrbackup: pg_basebackup, cp as archive, recovery to each kind of target.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use Test::More;

use Odr::Cluster;
use Odr::Rows;
use Odr::Work;

my $version = $ENV{ODR_PG} // 15;
my $archive = new_dir(work_path('archive'));
my $cluster = Odr::Cluster->new($version, 'source', conf => {
		archive_mode => 'on', archive_command => "cp %p $archive/%f", track_commit_timestamp => 'on' })->init->start;
my $rows = Odr::Rows->new($cluster)->start;

my $tools = $version == 15 ? $cluster->bin : Odr::Cluster::bin_dir($version, 1);
my $base = work_path('base');
my $copy = run_program(["$tools/pg_basebackup", '-d', $cluster->conninfo, '-D', $base, '-X', 'none', '-c', 'fast', '--no-sync']);
ok($copy->ok, 'pg_basebackup under load') or diag $copy->err;

$rows->wait_for(50);
my $early = $rows->moment;
$rows->wait_for(50);
my $middle = $rows->moment('middle');
$rows->wait_for(50);
my $late = $rows->moment;
$rows->wait_for(20)->stop;
$cluster->archive_now;

cmp_ok($late->{ord}, '>', $middle->{ord}, 'moments advance');
is($cluster->psql('SELECT count(*) FROM odr_row WHERE doomed', 'rows'), '0', 'what was rolled back is not there');
cmp_ok($rows->last_ord, '>', $rows->count, 'something was rolled back');
is($cluster->psql(<<'SQL', 'rows'), '0', 'commit times ascend as the numbers do');
SELECT count(*) FROM (SELECT pg_xact_commit_timestamp(xid::xid) < lag(pg_xact_commit_timestamp(xid::xid)) OVER (ORDER BY ord) AS back
	FROM odr_row) r WHERE back
SQL
isnt($cluster->psql(<<'SQL', 'rows'), '0', 'transaction ids do not ascend as the numbers do');
SELECT count(*) FROM (SELECT xid < lag(xid) OVER (ORDER BY ord) AS back FROM odr_row) r WHERE back
SQL
is($cluster->psql(<<"SQL", 'rows'), $_->{ord}, "commit times before the moment end with row $_->{ord}") for $early, $middle, $late;
SELECT max(ord) FROM odr_row WHERE pg_xact_commit_timestamp(xid::xid) <= '$_->{time}'
SQL
$cluster->stop;

my @targets = (
	['time', { recovery_target_time => $early->{time} }, $early->{ord}],
	['lsn, exclusive', { recovery_target_lsn => $middle->{lsn}, recovery_target_inclusive => 'off' }, $middle->{ord}],
	['lsn, inclusive', { recovery_target_lsn => $middle->{lsn} }, $middle->{ord}],
	['name', { recovery_target_name => 'middle' }, $middle->{ord}],
	['xid', { recovery_target_xid => $late->{xid} }, $late->{ord}],
	['end of the archive', {}, $rows->last_ord],
);
my $number = 0;
for my $target (@targets) {
	my ($what, $setting, $ord) = @$target;
	my $name = 'copy' . ++$number;
	my $pgdata = work_path($name);
	run_program(['cp', '-a', $base, $pgdata])->ok or die "cannot copy\n";
	my $restored = $cluster->copy_at($name, $pgdata);
	$restored->set(restore_command => "cp $archive/%f %p", %$setting);
	write_file("$pgdata/recovery.signal", '');
	$restored->start;
	%$setting ? $restored->wait_paused : $restored->wait_promoted;
	$rows->ok_exactly($restored, $ord, "recovered to $what: exactly the rows committed before");
	ok($rows->difference($restored, $ord + 50), "$what: another number of rows would be noticed")
	  if $ord < $rows->last_ord - 60;
	$restored->promote if %$setting;
	$restored->stop('immediate');
}

done_testing;
