#!/usr/bin/perl
# archive-get says 0 only with the right bytes in place, and 1 only when it is proven that there is no such file.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Faults;
use Odr::Tool;
use Odr::Work;

# Trouble is not retried, so that one fault is all the trouble there is.
my $site = small_site(sections => { odrbackup => { 'archive-get-batch' => 0, 'archive-get-timeout' => '0s' } });
my $cluster = $site->cluster;
$cluster->psql("INSERT INTO witness SELECT n, md5(n::text) FROM generate_series(5001, 5100) n; SELECT pg_switch_wal()") for 1 .. 8;
my $last = $cluster->psql('SELECT pg_walfile_name(pg_switch_wal())');
$cluster->poll_query("SELECT last_archived_wal >= '$last' FROM pg_stat_archiver", 't', 60);
my @segments = map { m{wal/[^/]+/([0-9A-F]{24})-} } sort glob $site->repository . '/*/wal/*/*';
cmp_ok(scalar @segments, '>=', 8, 'there are segments') or BAIL_OUT('no segments');
my $absent = '0000000100000009000000AA';

# What the server wrote is gone from pg_wal after a checkpoint: the truth is what a get without faults gives, judged by its
# header and by the archive's own digest. Kept segments are compared.
my $pgwal = $cluster->pgdata . '/pg_wal';
my $out = new_dir($site->path('out'));
# Not RECOVERYXLOG: that one is synced by the server, not by the tool.
my $dest = "$out/segment";
my %truth;

sub get {
	my ($file, $option) = @_;
	return $site->tool('archive-get', '--service', $site->service, $file, $dest, $option // {});
}

sub clean_up {
	unlink glob "$out/*";
	run_program(['rm', '-rf', $site->path('spool')], user => 'root');
	new_dir($site->path('spool'));
}

for my $file (@segments) {
	clean_up();
	ok(get($file)->ok, "$file is there");
	$truth{$file} = read_file($dest);
	is($truth{$file}, read_file("$pgwal/$file"), "and is what the server wrote") if -e "$pgwal/$file";
}

sub sweep {
	my ($file, $point, $action, $allowed, %option) = @_;
	return fault_sweep("get $file", point => $point, action => $action,
		before => sub { clean_up() },
		run => sub { my $result = get($file, $_[0]); return $file eq $absent ? bless({ %$result, status => $result->status == 1 ? 0 : $result->status, real => $result->status }, ref $result) : $result },
		check => sub {
			my ($k, $result) = @_;
			my $name = ($file eq $absent ? 'an absent file' : 'a file') . ": $action at $point $k";
			my $status = $result->{real} // $result->status;
			ok($result->died_of || grep({ $status == $_ } @$allowed), "$name: status is one of @$allowed, not $status") or diag $result->describe;
			is(-e $dest ? read_file($dest) eq ($truth{$file} // '') ? 'right' : 'wrong' : 'none', 'right', "$name: 0 with the right bytes")
			  if !$result->died_of && $status == 0 && $file ne $absent;
			ok(!-e $dest || ($truth{$file} && read_file($dest) eq $truth{$file}), "$name: no half-written file at the destination");
			is_deeply([glob "$out/*.odrbackup"], [], "$name: nor beside it") if !$result->died_of;
			my $again = get($file);
			is($again->status, $file eq $absent ? 1 : 0, "$name: the next try is right") or diag $again->describe;
			ok($file eq $absent ? !-e $dest : read_file($dest) eq $truth{$file}, "$name: and so are its bytes");
		}, %option);
}

subtest 'a segment that is there' => sub {
	my $file = $segments[2];
	for my $point (qw(store.get store.list file.write file.fsync file.rename)) {
		sweep($file, $point, 'fail', [126]);
		sweep($file, $point, 'kill', []);
	}
	sweep($file, 'file.write', 'nospace', [126]);
	sweep($file, $_, 'stop', [0, 126]) for qw(store.get store.list file.write);
};

subtest 'a segment that is not there' => sub {
	for my $point (qw(store.get store.list)) {
		sweep($absent, $point, 'fail', [126]);
		sweep($absent, $point, 'kill', []);
		sweep($absent, $point, 'stop', [1, 126]);
	}
};

subtest 'trouble that lasts is not absence' => sub {
	my $repository = $site->repository;
	my ($wal) = glob "$repository/*/wal/00000001";
	my ($object) = glob "$wal/$segments[2]-*";
	my $bytes = read_file($object);
	my %trouble = (
		'the repository is not mounted' => [sub { rename $repository, "$repository.away" }, sub { rename "$repository.away", $repository }],
		'an empty folder in its place' => [sub { rename $repository, "$repository.away"; new_dir($repository) },
			sub { rmdir $repository; rename "$repository.away", $repository }],
		'the repository cannot be read' => [sub { chmod 0000, $repository }, sub { chmod 0700, $repository }],
		'the timeline cannot be listed' => [sub { chmod 0000, $wal }, sub { chmod 0700, $wal }],
		'the object cannot be read' => [sub { chmod 0000, $object }, sub { chmod 0400, $object }, 'there'],
		'the object is empty' => [sub { put_bytes($site, substr($object, 1 + length $repository), '') },
			sub { put_bytes($site, substr($object, 1 + length $repository), $bytes) }, 'there'],
		'the object is cut' => [sub { put_bytes($site, substr($object, 1 + length $repository), substr $bytes, 0, 500) },
			sub { put_bytes($site, substr($object, 1 + length $repository), $bytes) }, 'there'],
	);
	for my $what (sort keys %trouble) {
		my ($break, $mend, $there) = @{ $trouble{$what} };
		clean_up();
		$break->();
		for my $file ($segments[2], $there ? () : $absent) {
			my $get = get($file);
			is($get->status, 126, "$what: 126 for $file") or diag $get->describe;
			ok(!-e $dest, "$what: nothing at the destination");
		}
		$mend->();
		is(get($segments[2])->status, 0, "$what: mended");
		is(get($absent)->status, 1, "$what: and absence is proven again");
	}
};

subtest 'a fault that passes is waited out' => sub {
	$site->{sections}{odrbackup}{'archive-get-timeout'} = '5s';
	$site->write_conf;
	my $log = work_path('once.log');
	for my $point (qw(store.get store.list)) {
		for my $k (1 .. 2) {
			clean_up();
			my $get = get($segments[1], { env => { ODR_FAULT => "$point:$k:fail", ODR_FAULT_LOG => write_file($log, '', 0666) } });
			is($get->status, 0, "$point $k: fetched by the second try") or diag $get->describe;
			is(read_file($dest), $truth{ $segments[1] }, "$point $k: right bytes");
			is(get($absent, { env => { ODR_FAULT => "$point:$k:fail", ODR_FAULT_LOG => $log } })->status, 1, "$point $k: absence is proven by the second try");
		}
	}
};

# A background process fills the spool; whatever becomes of it, what is served is right.
subtest 'fetched ahead' => sub {
	$site->{sections}{odrbackup}{'archive-get-batch'} = 4;
	$site->write_conf;
	my $log = work_path('ahead.log');
	my $fired = 0;
	my $spool = $site->path('spool');
	for my $plan (map { my $point = $_; map { ("$point:$_:fail", "$point:$_:kill") } 1 .. (full_run() ? 12 : 5) } qw(store.get store.list file.write file.fsync file.rename)) {
		clean_up();
		write_file($log, '', 0666);
		my $right = 0;
		for my $file (@segments[0 .. 5]) {
			my $got = 0;
			for my $try (1 .. 4) {
				unlink $dest;
				my $get = get($file, { env => { ODR_FAULT => $plan, ODR_FAULT_LOG => $log } });
				$get->died_of || $get->status == 0 || $get->status == 126 or diag("$plan: " . $get->describe), last;
				my $is = -e $dest ? read_file($dest) eq $truth{$file} ? 'right' : 'wrong' : 'none';
				diag("$plan: $file is wrong") if $is eq 'wrong' || ($get->ok && $is ne 'right');
				last if $is eq 'wrong';
				# Where each try meets the same fault, the third is without.
				$got = $get->ok && $is eq 'right';
				last if $got;
				$got = get($file)->ok && read_file($dest) eq $truth{$file}, last if $try == 2;
			}
			$right += $got;
		}
		is($right, 6, "$plan: all segments, right");
		$fired++ if -s $log;
	}
	cmp_ok($fired, '>=', 10, 'faults happened');

	# What lies in the spool is judged before it is used.
	clean_up();
	ok(get($segments[0])->ok, 'a get fills the spool');
	my ($ahead) = poll_until('spool', sub { (glob "$spool/*/*/$segments[1]")[0] // (glob "$spool/*/$segments[1]")[0] }, 20);
	for my $bad ('', 'x' x 100, substr($truth{ $segments[1] }, 0, -1), $truth{ $segments[2] }) {
		write_file($ahead, $bad, 0600);
		unlink $dest;
		ok(get($segments[1])->ok && read_file($dest) eq $truth{ $segments[1] }, 'a bad file in the spool (' . length($bad) . ' bytes) is not served');
		$ahead = (glob "$spool/*/*/$segments[1]")[0] // $ahead;
	}
};

done_testing;
