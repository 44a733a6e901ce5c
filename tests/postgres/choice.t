#!/usr/bin/perl
# A data directory was set back to an earlier state and went on differently, on a host that had lost what it knew of the
# archive: two contents stand under the name of one segment. The one that a set lists counts.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use Test::More;
use Time::HiRes qw(stat);
use Odr::Site;
use Odr::Tool;
use Odr::Work;

my $site = Odr::Site->new(name => 'choice', cluster => { wal_segsize => 1 })->create;
my $cluster = $site->cluster;
$cluster->psql('CREATE TABLE invoice (n int)');
$site->backup('a first set');
$cluster->archive_now;
$cluster->stop;
my $snapshot = $site->path('snapshot');
run_program(['cp', '-a', $cluster->pgdata, $snapshot], timeout => 60)->ok or die "cannot take a snapshot\n";

# Between two sets of its own, so that the second lists what is written here. Where that began.
sub go_on {
	my ($of, $server, $from) = @_;
	$of->backup('a set before');
	my $name = $server->psql('SELECT pg_walfile_name(pg_current_wal_insert_lsn())');
	for (1 .. 3) {
		$server->psql("INSERT INTO invoice SELECT generate_series($from, $from + 99)");
		$server->archive_now;
	}
	$of->backup('a set after, which lists what was archived meanwhile');
	$server->archive_now;
	$server->stop;
	return $name;
}

$cluster->start;
my @begun = go_on($site, $cluster, 1);

# The same keys, nothing remembered, and a repository of its own, so that nothing there tells of the first.
my $other = Odr::Site->new(name => 'other', archive => 0, sections => { odrbackup => { 'writer-bundle' => $site->bundle, identity => $site->identity } });
my $clone = $other->{cluster} = $cluster->copy_at('clone', $snapshot, overrides => { archive_mode => 'on', archive_command => $other->archive_command });
$other->write_conf->init_repository;
$clone->start;
push @begun, go_on($other, $clone, 1001);

my %there;
$there{$_}++ for map { m{/(\w{24})-\w+$} } glob("{" . $site->repository . ',' . $other->repository . '}/*/wal/00000001/*');
my ($segment) = grep { $there{$_} == 2 && $_ ge $begun[0] && $_ ge $begun[1] } sort keys %there;
ok($segment, 'both wrote a segment of the same name');

sub object { my ($of) = @_; my ($path) = glob $of->repository . "/*/wal/00000001/$segment-*"; return $path }
# Ids of one second have no order.
sub newest_set { my ($of) = @_; return (sort { (stat $a)[9] <=> (stat $b)[9] } glob $of->repository . '/*/set/*')[-1] }

sub get {
	my ($to) = @_;
	return $site->tool('archive-get', $segment, $site->path($to));
}

$site->write_conf(odrbackup => { 'archive-get-batch' => 0, 'archive-get-timeout' => '0' });
ok(get('alone')->ok, 'the segment of the cluster comes');
my $right = read_file($site->path('alone'));

# Brought into one repository, and by the time of the files it was there first.
my $right_object = object($site);
my $wrong_object = object($other);
my $target = $right_object =~ s{[^/]+$}{}r . ($wrong_object =~ m{([^/]+)$})[0];
copy($wrong_object, $target) or die "cannot copy an object: $!\n";
utime time - 7200, time - 7200, $target;

my $got = get('listed');
ok($got->ok, 'of two it is the one that a set lists') or diag $got->describe;
like($got->err, qr/repository main holds 2 objects for WAL file $segment; the one that set \S+ lists was taken/, 'and that is told');
ok(read_file($site->path('listed')) eq $right, 'with every byte');

my ($first) = sort $site->set_ids;
my $copy = $site->recover('copy', '--set', $first);
is($copy->psql('SELECT count(*), max(n) FROM invoice'), '300|100', 'recovery follows the past that the sets are of');
$copy->stop('immediate');

# What was altered is not replaced by what another cluster wrote.
my $bytes = read_file($right_object);
substr($bytes, length($bytes) / 2, 1) ^= "\x01";
rename $right_object, $site->path('kept') or die "cannot move an object: $!\n";
write_file($right_object, $bytes, 0600);
$got = get('damaged');
is($got->status, 126, 'where the listed one is damaged, nothing replaces it') or diag $got->describe;
like($got->err, qr/of 2 objects for WAL file $segment the one that set \S+ lists: .*signature/, 'and that is told');
rename $site->path('kept'), $right_object or die "cannot move an object: $!\n";

# A second set speaks for the other one.
my $claim = newest_set($site) =~ s{[^/]+$}{}r . (newest_set($other) =~ m{([^/]+)$})[0];
copy(newest_set($other), $claim) or die "cannot copy a set: $!\n";
$got = get('both');
is($got->status, 126, 'where sets contradict each other it is undecidable') or diag $got->describe;
like($got->err, qr/two contents that sets list: set \S+ the one with digest [0-9a-f]{32}, set \S+ that with digest [0-9a-f]{32}/, 'and that is told');
ok(!-e $site->path('both'), 'nothing is put in place');

# No set speaks for either.
unlink $claim;
rename newest_set($site), $site->path('set') or die "cannot move a set: $!\n";
$got = get('oldest');
ok($got->ok, 'where no set lists one of them, the oldest is taken') or diag $got->describe;
like($got->err, qr/holds 2 objects for WAL file $segment, and no set lists one of them; the oldest valid one was taken/, 'and that is told');
ok(read_file($site->path('oldest')) ne $right, 'which is the other one here');
done_testing;
