#!/usr/bin/perl
# A set that is held in a bucket that locks: the store has a legal hold on everything that the set needs, so that also who may
# delete, and whose lock has ended, cannot take it away; and it goes when the set is released, but for what another one needs.
use strict;
use warnings;
use lib 'tests/lib';

use Test::More;

use Odr::Ceph;
use Odr::Tool;
use Odr::Work;

my $ceph = Odr::Ceph->start;
my $bucket = $ceph->make_bucket('locked', lock => 1);
my $dir = new_dir(work_path('hold'), 0700);
my $conf = "$dir/odrbackup.conf";
new_dir("$dir/files");
write_file("$dir/files/one", "one\n");
my %repository = (type => 's3', endpoint => $ceph->endpoint, bucket => $bucket, prefix => 'erp', credentials => $ceph->credentials(work_path('all')),
	lock => 'governance', 'retry-for' => '5s');
write_file($conf, "[odrbackup]\nstate=$dir/state\nspool=$dir/spool\nidentity=$dir/identity\nwriter-bundle=$dir/writer\n[repository main]\n"
	. join('', map { "$_=$repository{$_}\n" } sort keys %repository)
	. "[service erp]\nrepositories=main\npostgres=none\nconfig=none\nfilestore=$dir/files\nfilestore-layout=plain\n", 0600);
sub site_ok { return tool_ok(['-c', $conf, @_], "@_") }

site_ok('key', 'new', 'owner', "$dir/owner", '--service', 'erp', '--unprotected');
site_ok('key', 'new', 'identity', "$dir/identity", '--owner', "$dir/owner", '--unprotected');
site_ok('key', 'endorse', "$dir/writer", '--owner', "$dir/owner", '--role', 'writer', '--recipient', "$dir/identity.pub");
site_ok('init', '--single-recipient');
site_ok('backup');
write_file("$dir/files/two", "two\n");
site_ok('backup');
my @sets = map { $_->{set} } @{ tool('-c', $conf, 'list', '--json')->json->{sets} };

# Names of objects below a folder of the service, and whether each is held.
sub held {
	my ($folder) = @_;
	my %held;
	for my $object (grep { $_->{key} =~ m{^erp/[0-9a-f]{32}/$folder/} } $ceph->versions($bucket)) {
		my $answer = $ceph->request('GET', "/$bucket/$object->{key}", query => { 'legal-hold' => '', versionId => $object->{version} });
		$held{ $object->{key} =~ s{.*/}{}r } = $answer->{content} =~ m{<Status>ON</Status>} ? 1 : 0;
	}
	return \%held;
}
sub count_held { my ($folder) = @_; return scalar grep { $_ } values %{ held($folder) } }

is(count_held('set') + count_held('pack') + count_held('table'), 0, 'nothing is held');
my $added = site_ok('hold', 'add', $sets[0], '--reason', 'lawsuit', '--json')->json->{repositories}[0];
is(held('set')->{ $sets[0] }, 1, 'the manifest of the set is');
is(held('set')->{ $sets[1] }, 0, 'that of another is not');
cmp_ok(count_held('pack'), '>', 0, 'packs are');
cmp_ok(count_held('table'), '>', 0, 'tables are');
is($added->{legal_holds}, count_held('set') + count_held('pack') + count_held('table'), 'as many as it says');
my ($object) = grep { $_->{key} =~ m{/set/$sets[0]$} } $ceph->versions($bucket);
my $deleted = $ceph->request('DELETE', "/$bucket/$object->{key}", query => { versionId => $object->{version} }, headers => { 'x-amz-bypass-governance-retention' => 'true' });
is($deleted->{status}, 403, 'who may end a lock cannot delete it');
site_ok('check', '--repository-scan');

site_ok('hold', 'add', $sets[1], '--reason', 'another lawsuit');
site_ok('hold', 'release', $sets[0], '--confirm', 'erp');
is(held('set')->{ $sets[0] }, 0, 'one that is released is held no more');
is(held('set')->{ $sets[1] }, 1, 'the other one is');
my $shared = count_held('pack');
cmp_ok($shared, '>', 0, 'with the packs that it needs');
site_ok('hold', 'release', $sets[1], '--confirm', 'erp');
is(count_held('set') + count_held('pack') + count_held('table'), 0, 'in the end nothing is held');
is(scalar keys %{ held('hold/' . $_) }, 0, "no hold of $_ is left") for @sets;

done_testing();
