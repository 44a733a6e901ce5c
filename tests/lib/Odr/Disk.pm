# A small file system of its own, to fill. Where mounting is not permitted there is none, and faults stand in for it.
#
#   disk_mount($dir, 2048, 500);   # room for 500 files, whatever their size
#   if (disk_mount($dir, 24)) { disk_fill($dir, 100); ...; disk_make_room($dir) }
#   my $image = disk_image($dir, 256, '-O', 'encrypt');   # ext4, of a file that is a device
package Odr::Disk;

use strict;
use warnings;

use Exporter 'import';
use Test::More;

use Odr::Work;

our @EXPORT = qw(disk_mount disk_image disk_fill disk_make_room);

# Makes the folder, whatever comes of the mounting; true: it is mounted, and goes at the end.
sub disk_mount {
	my ($dir, $megabytes, $files) = @_;
	new_dir($dir);
	return 0 if $> != 0;
	my ($uid, $gid) = (getpwnam user_name())[2, 3];
	my $mount = run_program(['mount', '-t', 'tmpfs', '-o', "size=${megabytes}m,mode=0700,uid=$uid,gid=$gid" . ($files ? ",nr_inodes=$files" : ''), 'tmpfs', $dir], user => 'root');
	diag 'no mount here, faults stand in: ' . $mount->err if !$mount->ok;
	Odr::Work::at_end(sub { run_program(['umount', '-l', $dir], user => 'root') }) if $mount->ok;
	return $mount->ok;
}

# The image's path, or nothing where there is no loop device. Options are those of mkfs.ext4.
sub disk_image {
	my ($dir, $megabytes, @options) = @_;
	my $image = "$dir.image";
	new_dir($dir);
	return if $> != 0;
	open my $file, '>', $image or die "cannot write '$image': $!\n";
	truncate $file, $megabytes << 20;
	close $file;
	my $made = run_program(['mkfs.ext4', '-q', '-m', 0, @options, $image], user => 'root');
	my $mount = $made->ok ? run_program(['mount', '-o', 'loop', $image, $dir], user => 'root') : $made;
	diag 'no loop device here: ' . $mount->err if !$mount->ok;
	return if !$mount->ok;
	Odr::Work::at_end(sub { run_program(['umount', '-l', $dir], user => 'root') });
	give($dir);
	return $image;
}

# All the room there is, but LEFT KiB.
sub disk_fill {
	my ($dir, $left) = @_;
	my $free = sub { my ($kib) = run_program(['df', '--output=avail', '-k', $dir], user => 'root')->out =~ /(\d+)\s*\z/; $kib };
	my $size = $free->() - $left;
	run_program(['dd', 'if=/dev/zero', "of=$dir/.filler", 'bs=1024', "count=$size"], user => 'root') if $size > 0;
	return $free->();
}

sub disk_make_room { unlink "$_[0]/.filler" }

1;
