#!/usr/bin/perl
# Where the copy of a drill lies, and how it goes: with its key, so that nothing of it can be read any more, or with its blocks; and
# what a drill may not do here is refused before anything is fetched.
use strict;
use warnings;
use Fcntl qw(O_RDONLY);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Disk;
use Odr::Drill;
use Odr::Site;
use Odr::Tool ();
use Odr::Work;

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 });
my $service = $site->service;
my $drills = Odr::Drill->new(site => $site);
$site->{sections}{"service $service"} = { config => 'none', 'evidence-key' => $site->path('evidence') };
$site->create;
$site->tool_ok(['key', 'new', 'evidence', $site->path('evidence'), '--owner', $site->owner, '--unprotected'], 'a key for evidence');
my $source = $site->cluster;
my $secret = 'Frieda Kugelblitz, ' x 20;
$source->psql('CREATE TABLE customer (name text)');
$source->psql("INSERT INTO customer SELECT '$secret' FROM generate_series(1, 200)");
$site->backup('the source');
$source->archive_now;

# A folder for drills on a file system of its own; what is written there can be searched for in its image.
sub place {
	my ($name, @options) = @_;
	my $folder = $site->path($name);
	my $image = disk_image($folder, 768, @options) or return;
	write_file("$folder/.odrbackup-drill", '');
	return ($folder, $image);
}

sub is_on_disk {
	my ($image) = @_;
	run_program(['sync', '-f', $image =~ s/\.image$//r], user => 'root');
	return run_program(['grep', '-qzF', 'Frieda Kugelblitz, ', $image], user => 'root', timeout => 120)->ok;
}

sub attested {
	my ($record) = @_;
	my $document = Odr::Tool::decode_json(read_file($site->path('state', 'evidence', $record->{run}{id}, 'teardown.json')));
	is_deeply($document->{left}, [], 'nothing is left, says the attestation');
	return $document->{discard};
}

# 1: the kernel does not have it, 2: it does (linux/fscrypt.h, FS_IOC_GET_ENCRYPTION_KEY_STATUS); undef: it cannot be asked.
sub key_status {
	my ($folder, $key) = @_;
	my $argument = pack 'L L a16 x16 x24 L L L x52', 2, 0, pack('H*', $key), 0, 0, 0;
	sysopen my $handle, $folder, O_RDONLY or die "cannot open '$folder': $!\n";
	return ioctl($handle, 0xC080661A, $argument) ? (unpack 'x64 L', $argument)[0] : undef;
}

# As a loss of power does.
sub forget_key {
	my ($folder, $key) = @_;
	my $argument = pack 'L L a16 x16 L x20', 2, 0, pack('H*', $key), 0;
	sysopen my $handle, $folder, O_RDONLY or die "cannot open '$folder': $!\n";
	ioctl $handle, 0xC0406619, $argument or die "cannot take key $key away: $!\n";
}

sub key_of {
	my ($folder) = @_;
	my $argument = pack 'Q x24', 24;
	sysopen my $handle, $folder, O_RDONLY or return;
	return ioctl($handle, 0xC0096616, $argument) ? unpack 'x16 H32', $argument : undef;
}

# What is written is on the device for certain.
sub keep_and_remove {
	my ($folder) = @_;
	my $plan = plan_in('plain', $folder);
	$drills->run($plan, ['--keep'], 0, 'pass', 'delete');
	run_program(['sync', '-f', $folder], user => 'root');
	$site->tool_ok(['drill', 'clean', $plan, '--all'], 'and removed');
}

sub plan_in { my ($name, $directory, %sandbox) = @_; return $drills->plan($name, sandbox => { directory => $directory, %sandbox }) }

my ($sealed, $sealed_image) = place('k', '-O', 'encrypt');

subtest 'with its key' => sub {
	plan(skip_all => 'no loop device') if !$sealed_image;
	my ($record) = $drills->run(plan_in('sealed', $sealed, discard => 'drop-key'), [], 0, 'pass', 'drop-key');
	my $discard = attested($record);
	like($discard->{key}, qr/^[0-9a-f]{32}$/, 'its key has a name');
	is($record->{sandbox}{key}, $discard->{key}, 'which the record says, too');
	ok($discard->{key_removed} && !$discard->{readable}, 'it was taken away, and nothing could be read any more');
	is(key_status($sealed, $discard->{key}), 1, 'the kernel does not have it');
	is_deeply([glob "$sealed/sandbox-*"], [], 'nothing lies there');
};

subtest 'a drill that dies' => sub {
	plan(skip_all => 'no loop device') if !$sealed_image;
	my $plan = plan_in('sealed', $sealed, discard => 'drop-key');
	my $die = sub {
		my $died = $site->tool_start('drill', 'run', $plan);
		poll_until('a drill under way', sub { glob "$sealed/sandbox-*/s/data/postmaster.pid" }, 60);
		my ($folder) = glob "$sealed/sandbox-*/s";
		my $key = key_of($folder);
		$died->signal('KILL');
		$died->wait;
		poll_until('its server to end', sub { !grep { (readlink("$_/cwd") // '') =~ /^\Q$sealed\E/ } glob '/proc/[0-9]*' }, 60);
		return $key;
	};
	my $key = $die->();
	is(key_status($sealed, $key), 2, 'its key is with the kernel');
	$site->tool('drill', 'clean', $plan);
	is_deeply([glob "$sealed/sandbox-*"], [], 'drill clean removes what lies there');
	is(key_status($sealed, $key), 1, 'and the key');
	$key = $die->();
	forget_key($sealed, $key);
	is(key_status($sealed, $key), 1, 'after a loss of power there is none');
	my ($left) = glob "$sealed/sandbox-*/s";
	ok($left && !-e "$left/data", 'and nothing can be read');
	$site->tool('drill', 'clean', $plan);
	is_deeply([glob "$sealed/sandbox-*"], [], 'which drill clean removes all the same');
};

subtest 'what is kept for a look' => sub {
	plan(skip_all => 'no loop device') if !$sealed_image;
	my $plan = plan_in('sealed', $sealed, discard => 'drop-key');
	my ($record) = $drills->run($plan, ['--keep'], 0, 'pass', 'kept');
	my $discard = attested($record);
	ok(!$discard->{key_removed} && $discard->{readable}, 'is attested as readable');
	ok(!is_on_disk($sealed_image), 'but on the device it cannot be read');
	is(key_status($sealed, $discard->{key}), 2, 'for its key is there');
	$site->tool_ok(['drill', 'clean', $plan, '--all'], 'until it is removed');
	is(key_status($sealed, $discard->{key}), 1, 'with its key');
	is_deeply([glob "$sealed/kept-*"], [], 'and all of it');
	keep_and_remove($sealed);
	ok(is_on_disk($sealed_image), 'which it can without a key, though it was removed');
};

subtest 'with its blocks' => sub {
	my ($trimmed, $image) = place('b');
	plan(skip_all => 'no loop device') if !$image;
	my $plan = plan_in('trimmed', $trimmed, discard => 'blkdiscard');
	my ($record) = $drills->run($plan, [], 6, 'refused', 'without the right');
	like($record->{failure}{message}, qr/may not discard the free blocks of '\Q$trimmed\E': .*CAP_SYS_ADMIN/, 'says what to do');
	keep_and_remove($trimmed);
	ok(is_on_disk($image), 'what was removed still is on the device');
	my ($uid, $gid) = (getpwnam user_name())[2, 3];
	my @right = ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups', '--inh-caps=+sys_admin', '--ambient-caps=+sys_admin');
	$drills->beside('rights.sh', "#!/bin/sh\ngrep -q '^CapAmb:.0000000000000000\$' /proc/self/status\n", 0755);
	$plan = $drills->plan('trimmed', sandbox => { directory => $trimmed, discard => 'blkdiscard' },
		'check rights' => { type => 'command', command => 'rights.sh', gate => 'true' });
	($record) = $drills->run($plan, [{ under => \@right, user => 'root' }], 0, 'pass', 'blkdiscard');
	cmp_ok(attested($record)->{bytes_trimmed}, '>', 1 << 20, 'how many bytes were discarded');
	ok(!is_on_disk($image), 'and are gone from the device');
	$drills->run($plan, ['--keep', { under => \@right, user => 'root' }], 0, 'pass', 'what is kept');
	like($site->tool('drill', 'clean', $plan, '--all', { under => \@right, user => 'root' })->out, qr/^discarded: [\d.]+ \w+ of '\Q$trimmed\E'$/m, 'is discarded when it is removed');
};

subtest 'where it cannot be' => sub {
	my $plain = $site->path('t');
	plan(skip_all => 'no mount here') if !disk_mount($plain, 64);
	write_file("$plain/.odrbackup-drill", '');
	my ($record) = $drills->run(plan_in('sealed', $plain, discard => 'drop-key'), [], 6, 'refused', 'drop-key');
	like($record->{failure}{message}, qr/encrypts no folders; .*tune2fs -O encrypt/, 'says what to do');
	ok(-s $site->path('state', 'evidence', $record->{run}{id}, 'record.json.sig'), 'in a signed record');
};

# A network without anything but a loopback, as a container has it, or a service with PrivateNetwork=.
my @alone = ('unshare', '-n', 'sh', '-c', 'ip link set lo up && exec "$@"', '-');
my $network = readlink '/proc/self/ns/net';

subtest 'a network that was made by others' => sub {
	plan(skip_all => 'not root') if $> != 0;
	my $plan = $drills->plan('given', isolation => { namespace => 'container', probe => '198.51.100.7:5432' },
		'check there' => { type => 'command', command => 'there.sh', gate => 'true' });
	$drills->beside('there.sh', "#!/bin/sh\nexpr \"\$(wc -l </proc/net/dev)\" = 3 >/dev/null && ! test -S " . $source->socket . "/.s.PGSQL.*\n", 0755);
	my ($record) = $drills->run($plan, [{ under => \@alone }], 0, 'pass', 'container');
	my %isolation = %{ $record->{isolation} };
	is($isolation{made_by}, 'container', 'says who made it');
	ok($isolation{verified} && $isolation{files_hidden}, 'is proven, and the files of the host were hidden');
	isnt($isolation{namespaces}{server}, $network, 'the server was not in the network of the host');
	my @probes = grep { $_->{where} eq 'server' } @{ $isolation{probes} };
	ok((grep { $_->{to} eq '198.51.100.7:5432' } @probes) && !(grep { !$_->{errno} } @probes), 'from where nothing could be reached');
	my ($socket) = glob $source->socket . '/.s.PGSQL.*[0-9]';
	ok((grep { $_->{to} eq $socket } @probes), 'nor the server of the host by its socket');
	($record) = $drills->run($drills->plan('service', isolation => { namespace => 'service' }), [{ under => \@alone }], 0, 'pass', 'service');
	is($record->{isolation}{made_by}, 'service', 'as of a service');
};

subtest 'a network that is none' => sub {
	my $run = sub {
		my ($name, $isolation, $options, $says) = @_;
		my ($record) = $drills->run($drills->plan('given', isolation => $isolation), $options, 6, 'refused', $name);
		like($record->{failure}{message}, $says, 'says what is there');
		ok(-s $site->path('state', 'evidence', $record->{run}{id}, 'record.json.sig'), 'in a signed record');
	};
	$run->('that of the host', { namespace => 'container' }, [], qr/has an interface '\w+' beside its loopback; .*--network none/);
	plan(skip_all => 'not root') if $> != 0;
	$run->('a name that nobody resolves', { namespace => 'container', probe => 'db.example.org:5432' }, [{ under => \@alone }],
		qr/cannot try whether 'db.example.org:5432' is out of reach: .*name its address/);
};

# Where mounting is forbidden, as in a container, the server sees what we do.
subtest 'without a view of its own' => sub {
	plan(skip_all => 'not root') if $> != 0;
	my $unit = write_file($site->path('unit'), "SystemCallFilter=\@system-service\n");
	# The checkout may lie where nothing is in sight below.
	my $filtered = write_file($site->path('run-filtered'), read_file(source_path('tests/lib/seccomp/run-filtered')), 0755);
	my @filtered = ($filtered, $unit);
	plan(skip_all => 'no filter of system calls here') if !run_program([@filtered, 'true'], user => 'root')->ok;
	my $plan = $drills->plan('bare', isolation => { namespace => 'container' },
		'check there' => { type => 'command', command => 'there.sh', gate => 'true' });
	my ($record) = $drills->run($plan, [{ under => [@alone, @filtered] }], 6, 'refused', 'on a root that can be written');
	like($record->{failure}{message}, qr/cannot be given a view of the files of its own \(Operation not permitted\).*--read-only/, 'says what to do');
	my $root = $ENV{ODR_WORK};
	my $read_only = <<"SH";
set -e
mount --make-rprivate /
mount --bind $root /mnt
for hidden in /tmp /var/tmp /run; do mount -t tmpfs tmpfs \$hidden; done
for kept in KEPT; do mkdir -p $root/\$kept; mount --bind /mnt/\$kept $root/\$kept; done
umount /mnt
mount -o remount,bind,ro /
ip link set lo up
exec "\$@"
SH
	# The program and what is ours, and nothing of another test.
	my @kept = map { substr $_, 1 + length $root } Odr::Tool::tool_path() =~ s{/bin/[^/]+\z}{}r, work_path();
	my $container = sub { ('unshare', '-n', '-m', 'sh', '-c', $read_only =~ s/KEPT/@kept @_/r, '-', @filtered) };
	($record) = $drills->run($plan, [{ under => [$container->('s')] }], 6, 'refused', 'where a server of the host is in sight');
	like($record->{failure}{message}, qr/socket '\Q$root\E\S+' of this host can be reached/, 'names its socket');
	($record) = $drills->run($plan, [{ under => [$container->()] }], 0, 'pass-with-warnings', 'where all is read-only');
	ok(!$record->{isolation}{files_hidden}, 'says that the files were not hidden');
	like($record->{deviations}[0], qr/rests on a root that is read-only/, 'and what it rests on');
};

$drills->ok_evidence;
done_testing;
