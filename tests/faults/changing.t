#!/usr/bin/perl
# Files that go, come, grow or become something else while a capture is about to read them: what is stored is what was there at
# one time, and what is not is told or taken the next time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Digest::SHA qw(sha1_hex);
use POSIX qw(mkfifo);

use Odr::Faults;
use Odr::Odoo;
use Odr::Work;

my $root = new_dir(work_path('filestore'), 0755);
my $service = 'service erp-prod';
my $site = small_site(archive => 0, sections => { odrbackup => { workers => 1 }, $service => { filestore => $root } });
my $shop = Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->create;
my @capture = ('backup', $site->service, '--part', 'filestore');
my $secret = write_file(work_path('secret'), 'not ours', 0600);
my $number = 0;

$shop->upload("file $_") for 1 .. 20;
$site->tool_ok([@capture], 'a first capture');

sub paused { my ($point, $code) = @_; return run_paused($site, $point, $code, @capture) }

sub restored {
	my ($name) = @_;
	my $folder = $site->path('copy-' . ++$number);
	$site->tool_ok(['restore', $site->service, '--part', 'filestore', '--filestore', $folder], "$name: restores");
	return $folder;
}

sub differences { return run_program(['diff', '-r', '--exclude=checklist', $root, $_[0]])->out }

# New content as a file of Odoo: the name, and where it is.
sub new_file {
	my ($content, $written) = @_;
	my $sha1 = sha1_hex($content);
	my $name = substr($sha1, 0, 2) . "/$sha1";
	new_dir($shop->path(substr $sha1, 0, 2), 0755);
	return ($name, write_file($shop->path($name), $written // $content, 0644));
}

my %size = (small => 5_000, large => 2_500_000);

for my $kind (sort keys %size) {
	subtest "a $kind file" => sub {
		my ($name, $path) = new_file(my $content = "vanishes $kind" . 'x' x $size{$kind});
		my $result = paused('file.open', sub { is($_[0], $name, 'is about to be read'); unlink $path });
		is($result->status, 0, 'and is gone: that is no error') or diag $result->describe;
		is(differences(restored('without it')), '', 'it is not in the set');

		($name, $path) = new_file($content = "is written $kind" . 'y' x $size{$kind}, "is written $kind");
		$result = paused('file.read', sub { write_file($path, $content) });
		is($result->status, 0, 'that is just written to its end') or diag $result->describe;
		is(read_file(restored('the whole file') . "/shop/$name"), $content, 'is read again, and whole');

		($name, $path) = new_file($content = "grows $kind" . 'z' x $size{$kind});
		$result = paused('file.read', sub { append_file($path, 'more than it should have') });
		is($result->status, 0, 'that grows beyond what it should be, just now') or diag $result->describe;
		ok(!-e restored('without it') . "/shop/$name", 'is left to the next capture');
		write_file($path, $content);
		$site->tool_ok([@capture], 'and taken by it');
		is(differences(restored('with it')), '', 'when it is right');

		($name, $path) = new_file($content = "is damaged $kind" . 'u' x $size{$kind});
		$result = paused('file.read', sub { write_file($path, 'something else'); utime 1_700_000_000, 1_700_000_000, $path });
		is($result->status, 9, 'that becomes something else, and not just now, is damaged') or diag $result->describe;
		like($result->err, qr/\Q$name\E: its content has the SHA-1 /, 'and named');
		is(read_file(restored('damaged') . "/shop/$name"), 'something else', 'and stored as it is');
		write_file($path, $content);
		$site->tool_ok([@capture], 'repaired');
		is(read_file(restored('repaired') . "/shop/$name"), $content, 'it is taken again');
	};
}

subtest 'a file that becomes something else' => sub {
	my ($name, $path) = new_file('becomes a link');
	my $result = paused('file.open', sub { unlink $path; symlink $secret, $path or die });
	isnt($result->status, 1, 'a link') or diag $result->describe;
	my $copy = restored('without it');
	ok(!-e "$copy/shop/$name", 'is not followed');
	unlink $path;

	($name, $path) = new_file('becomes a pipe');
	$result = paused('file.open', sub { unlink $path; mkfifo($path, 0644) or die });
	is($result->status, 0, 'a pipe is not waited for') or diag $result->describe;
	unlink $path;

	($name, $path) = new_file('loses its folder');
	my $folder = $path =~ s{/[^/]*$}{}r;
	$result = paused('file.open', sub { rename $folder, $site->path('moved') or die });
	is($result->status, 0, 'a folder that is gone') or diag $result->describe;
	rename $site->path('moved'), $folder or die;
	$site->tool_ok([@capture], 'and there again');
	is(differences(restored('in the end')), '', 'all of it is there in the end');
};

# Without a lock the collector is only watched: what it took is seen, and the capture done again.
subtest 'a collection meanwhile' => sub {
	$site->write_conf($service => { filestore => $root, 'filestore-fence' => 'none' });
	my $id = $shop->upload('named no more');
	$shop->upload('stays');
	my $result = paused('file.open', sub { $shop->remove($id)->collect });
	is($result->status, 0, 'is seen') or diag $result->describe;
	unlike($result->err, qr/could not be held off; what it removed/, 'and the capture is done again, with success');
	is(differences(restored('after it')), '', 'the set has what is there');
	my ($newest) = reverse $site->set_ids;
	ok($site->json('show', $site->service, $newest)->{sealed}{facts}{filestore}{trees}{shop}{nothing_collected}, 'and says that nothing was collected');
};

subtest 'an ordinary file' => sub {
	my $plain = new_dir(work_path('documents'), 0755);
	my $path = write_file("$plain/note", 'first state');
	$site->write_conf($service => { filestore => $plain, 'filestore-layout' => 'plain' });
	$site->tool_ok([@capture, '--full'], 'captured');
	write_file($path, 'second state');
	my $result = paused('file.read', sub { write_file($path, 'third  state') });
	is($result->status, 0, 'that is changed while it is read') or diag $result->describe;
	is(read_file(restored('the last state') . '/documents/note'), 'third  state', 'is read again');
};

done_testing;
