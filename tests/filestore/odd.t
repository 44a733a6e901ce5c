#!/usr/bin/perl
# What a filestore may have that Odoo did not put there, or has not any more: nothing of it is followed, lost in silence, or
# takes the rest with it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Digest::SHA qw(sha1_hex);
use POSIX qw(mkfifo);

use Odr::Odoo;
use Odr::Site;
use Odr::Work;

my $site = Odr::Site->new(version => 15, archive => 0);
my $root = new_dir($site->path('filestore'), 0755);
my $service = 'service ' . $site->service;
$site->{sections}{$service} = { filestore => $root };
$site->create;
my $shop = Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->create;
my @ids = map { $shop->upload("file $_") } 1 .. 60;
# A folder that has nothing of ours.
my ($free) = grep { !-e "$root/shop/$_" } map { sprintf '%02x', $_ } 0 .. 255;
my $outside = write_file($site->path('outside'), 'not ours', 0644);

sub capture { return $site->tool('backup', $site->service, '--part', 'filestore', @_) }
sub moments { return scalar(my @all = glob $site->repository . '/*/moment/filestore/*') }

# What is restored and what is there, without the marks of the collector.
sub restored {
	my ($name, @more) = @_;
	my $folder = $site->path($name);
	$site->tool_ok(['restore', $site->service, '--part', 'filestore', '--filestore', $folder, @more], "$name: it restores");
	return $folder;
}

sub differences {
	my ($folder, $from) = @_;
	return run_program(['diff', '-r', '--no-dereference', '--exclude=checklist', $from // $root, $folder], user => 'root')->out;
}

sub put {
	my ($content, $folder) = @_;
	my $sha1 = sha1_hex($content);
	$folder //= substr $sha1, 0, 2;
	new_dir("$root/shop/$folder", 0755);
	return write_file("$root/shop/$folder/$sha1", $content, 0644);
}

is(capture()->status, 0, 'a first capture');

subtest 'the old layout' => sub {
	my $old = put('as Odoo named them once', substr sha1_hex('as Odoo named them once'), 0, 3);
	is(capture()->status, 0, 'a folder of three digits is one');
	is(read_file(restored('old') . $old =~ s/^\Q$root\E//r), 'as Odoo named them once', 'and its file is captured');
};

subtest 'what is no file of Odoo' => sub {
	new_dir("$root/shop/zz", 0755);
	write_file("$root/shop/zz/" . sha1_hex('z'), 'z', 0644);
	write_file("$root/shop/README", 'a note', 0644);
	my $folder = new_dir("$root/shop/$free", 0755);
	write_file("$folder/notes", 'short', 0644);
	write_file("$folder/$free\xff\xfe" . 'c' x 36, 'no UTF-8', 0644);
	mkfifo("$folder/$free" . '0' x 38, 0644) or die;
	symlink $outside, "$folder/$free" . '1' x 38 or die;
	my $result = capture();
	is($result->status, 0, 'is left out') or diag $result->describe;
	my ($newest) = reverse $site->set_ids;
	my $facts = $site->json('show', $site->service, $newest)->{sealed}{facts}{filestore};
	is($facts->{trees}{shop}{not_captured}, 6, 'and counted');
	my $copy = restored('strange');
	is_deeply([grep { !/^[0-9a-f]{2,3}$/ } map { s{.*/}{}r } glob "$copy/shop/*"], [], 'no foreign name is restored');
	is_deeply([glob "$copy/shop/$free/*"], [], 'and nothing that is no file');
	run_program(['rm', '-rf', "$root/shop/zz", "$root/shop/README", $folder]);
};

subtest 'a folder that is a link' => sub {
	new_dir($site->path('elsewhere'), 0755);
	symlink $site->path('elsewhere'), "$root/shop/$free" or die;
	symlink $site->path('elsewhere'), "$root/branch" or die;
	my $before = moments();
	my $result = capture();
	is($result->status, 3, 'not everything is captured') or diag $result->describe;
	like($result->err, qr{'\Q$root/shop/$free\E' is a link, which is not followed}, 'the folder is named');
	like($result->err, qr{'\Q$root\E/branch' is a link to .*filestore=branch:}, 'that of a database with what to write');
	capture();
	is(moments(), $before, 'and no moment says that nothing is new');
	unlink "$root/shop/$free", "$root/branch";
	is(capture()->status, 0, 'without them');
};

SKIP: {
	skip 'root reads everything', 1 if user_name() eq 'root';
	subtest 'what cannot be read' => sub {
		my $locked = put('for nobody');
		chmod 0, $locked;
		my $result = capture();
		is($result->status, 9, 'a file') or diag $result->describe;
		like($result->err, qr/\Q${\ sha1_hex('for nobody')}\E: it cannot be read: Permission denied/, 'is named, with the reason');
		is(capture()->status, 0, 'and is no news the next time');
		chmod 0644, $locked;
		is(capture()->status, 0, 'when it can be read');
		is(differences(restored('unlocked')), '', 'it is captured');

		my $folder = substr sha1_hex('for nobody'), 0, 2;
		chmod 0, "$root/shop/$folder";
		put('meanwhile', undef);
		$result = capture();
		is($result->status, 3, 'a folder') or diag $result->describe;
		like($result->err, qr{the folder '\Q$root/shop/$folder\E' cannot be listed: Permission denied}, 'is named');
		my $copy = restored('locked');
		ok(-e "$copy/shop/$folder/" . sha1_hex('for nobody'), 'what is known of it stays');
		ok(-e "$copy/shop/" . substr(sha1_hex('meanwhile'), 0, 2) . '/' . sha1_hex('meanwhile'), 'and the rest goes on');
		chmod 0755, "$root/shop/$folder";
		is(capture()->status, 0, 'when it can be listed');
		is(differences(restored('again')), '', 'all is as before');
	};
}

subtest 'a name of a database that Odoo does not give' => sub {
	new_dir("$root/caf\xe9", 0755);
	new_dir("$root/with blank", 0755);
	my $result = capture();
	is($result->status, 0, 'is left out');
	like($result->err, qr{the folder 'caf\\351' in .* is not captured: Odoo gives no such name}, 'and named, whatever bytes it has');
	like($result->err, qr{the folder 'with blank' in}, 'each of them');
	rmdir "$root/caf\xe9";
	rmdir "$root/with blank";
};

subtest 'attachments elsewhere' => sub {
	$shop->sql(<<'SQL');
INSERT INTO ir_attachment (store_fname, file_size) VALUES ('s3://bucket/key', 3), ('s3://bucket/other', 3), ('azure_main://a/b-1-0.pdf', 4);
INSERT INTO ir_attachment (type, url) VALUES ('cloud_storage', 'https://storage.example.org/x');
INSERT INTO ir_attachment (db_datas) VALUES ('abc');
INSERT INTO ir_attachment (store_fname) VALUES ('../../../etc/passwd');
SQL
	$shop->upload('news');
	my $result = capture('--full');
	is($result->status, 0, 'are no error of the capture') or diag $result->describe;
	like($result->err, qr{database 'shop' keeps 2 attachments in s3://bucket, 1 attachment in azure_main://a, 1 attachment in cloud_storage,},
		'but told, each store');
	like($result->err, qr{, 1 attachment under names that are none of a filestore: they are not in the set}, 'and what has no place');
	my ($newest) = reverse $site->set_ids;
	is_deeply($site->json('show', $site->service, $newest)->{sealed}{facts}{filestore}{trees}{shop}{attachments},
		{ rows => 61, files => 61, in_database => 1, strange => 1, elsewhere => { 's3://bucket' => 2, 'azure_main://a' => 1, cloud_storage => 1 } },
		'and recorded with the set');
};

subtest 'a filestore that shrinks' => sub {
	$shop->remove(@ids[0 .. 29])->collect;
	my $result = capture();
	is($result->status, 9, 'half of it gone is an alarm') or diag $result->describe;
	like($result->err, qr{filestore/shop: 30 of its \d+ files are gone since set}, 'with numbers');
	is(capture()->status, 0, 'which is told once');
};

# An empty folder, as one has whose file system is not mounted.
subtest 'a filestore that is not mounted' => sub {
	my ($newest) = reverse $site->set_ids;
	my $before = moments();
	rename "$root/shop", $site->path('unmounted') or die;
	new_dir("$root/shop", 0755);
	for my $time (1, 2) {
		my $result = capture();
		is($result->status, 3, "time $time: not everything is captured") or diag $result->describe;
		like($result->err, qr{'\Q$root\E/shop' is empty, and had \d+ files in set \Q$newest\E: is its file system mounted\?}, 'and asked for');
	}
	is_deeply([(reverse $site->set_ids)[0], moments()], [$newest, $before], 'neither set nor moment says that all is well');
	rmdir "$root/shop";
	new_dir("$root/other", 0755);
	my $result = capture();
	is($result->status, 3, 'the folder gone, and its database not: the same') or diag $result->describe;
	like($result->err, qr{'filestore/shop' is gone, and had \d+ files}, 'and asked for');
	rmdir "$root/other";
	$result = capture();
	is($result->status, 10, 'no folder at all: no capture') or diag $result->describe;
	like($result->err, qr/no folder is left of the filestore/, 'and asked for');
	rename $site->path('unmounted'), "$root/shop" or die;
	is(capture()->status, 0, 'mounted again');
	is(differences(restored('mounted')), '', 'all is known');
};

subtest 'one that is meant to be empty' => sub {
	rename "$root/shop", $site->path('kept') or die;
	new_dir("$root/shop", 0755);
	is(capture('--full')->status, 9, 'where rows name files, that is told');
	$shop->sql('UPDATE ir_attachment SET store_fname = NULL');
	is(capture('--full')->status, 0, 'a new generation takes it as it is');
	is_deeply([glob restored('empty') . '/shop/*'], [], 'and it restores as empty');
	rmdir "$root/shop";
	rename $site->path('kept'), "$root/shop" or die;
};

subtest 'ordinary folders' => sub {
	my $plain = new_dir($site->path('documents'), 0755);
	my $set = sub { my ($text, @path) = @_; new_dir("$plain/$path[0]", 0755) if @path > 1; write_file(join('/', $plain, @path), $text, 0640) };
	$set->('one', 'a.txt');
	$set->("\0" x 3_000_000, 'deep', 'zeros');
	$set->('latin', "caf\xe9", "na\xefve");
	symlink $outside, "$plain/out" or die;
	mkfifo("$plain/pipe", 0600) or die;
	run_program(['find', $plain, '-exec', 'touch', '-h', '-d', '2026-01-01', '{}', '+']);
	$site->write_conf($service => { filestore => $plain, 'filestore-layout' => 'plain' });
	my $result = capture();
	is($result->status, 0, 'are captured') or diag $result->describe;
	my $copy = restored('plain') . '/documents';
	like(differences($copy, $plain), qr{\AOnly in \Q$plain\E: pipe\n\z}, 'as they are, but for what is no file');
	is(readlink "$copy/out", $outside, 'a link is a link');
	is(read_file("$copy/caf\xe9/na\xefve"), 'latin', 'and names are bytes');
	is(capture()->status, 0, 'nothing is new');
	my ($first) = reverse $site->set_ids;
	$set->('two', 'a.txt');
	unlink "$plain/out";
	write_file($outside, 'still not ours', 0644);
	is(capture()->status, 0, 'one changed, one is gone');
	$copy = restored('plain-later') . '/documents';
	is(read_file("$copy/a.txt"), 'two', 'the newest has the change');
	ok(!-l "$copy/out", 'and not what is gone');
	is(read_file(restored('plain-first', '--set', $first) . '/documents/a.txt'), 'one', 'the older one what was then');
};

done_testing();
