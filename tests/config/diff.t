#!/usr/bin/perl
# What changed between two sets: item by item of the configuration, in summary of the other parts.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Site;
use Odr::Work;

my $etc = new_dir(work_path('etc'), 0755);
my $site = Odr::Site->new(version => 15, sections => {
		'service erp-prod' => { config => 'postgresql;mine;ghost' },
		'collect mine' => { type => 'files', paths => $etc },
		'collect ghost' => { type => 'command', command => work_path('ghost') },
	})->create;
my $cluster = $site->cluster;

write_file("$etc/odoo.conf", "[options]\nadmin_passwd = one\nworkers = 4\nlimit_time = 60\n", 0640);
write_file("$etc/gone.conf", "old\n", 0644);
write_file("$etc/same.conf", "same\n", 0644);
write_file("$etc/mode.conf", "mode\n", 0644);
write_file("$etc/data", "\0\1\2", 0644);
symlink 'odoo.conf', "$etc/link" or die;
$cluster->psql('CREATE DATABASE leaving');
$site->backup('before');

write_file("$etc/odoo.conf", "[options]\nadmin_passwd = two\nworkers = 8\nlimit_time = 60\nlist_db = False\n", 0640);
unlink "$etc/gone.conf", "$etc/link";
symlink 'same.conf', "$etc/link" or die;
chmod 0600, "$etc/mode.conf";
write_file("$etc/data", "\0\1\2\3", 0644);
write_file("$etc/new\e[31m.txt", "new\n", 0644);
write_file("$etc/new.conf", "new\n", 0644);
write_file(work_path('ghost'), "#!/bin/sh\necho boo\n", 0755);
$cluster->psql('DROP DATABASE leaving');
$cluster->psql('CREATE DATABASE coming');
$cluster->psql('CREATE EXTENSION pgcrypto', 'coming');
$cluster->set(work_mem => '7MB')->reload;
$site->backup('after');
my ($before, $after) = $site->set_ids;

subtest 'for people' => sub {
	my $out = $site->tool_ok(['diff', $before, $after], 'diff')->out;
	like($out, qr/^from +\Q$before\E of /m, 'from which set');
	like($out, qr/^to +\Q$after\E of /m, 'to which');
	like($out, qr/^database +\d+ -> \d+ files, \S+ MiB -> \S+ MiB$/m, 'the database in summary');
	like($out, qr/^ +new databases: coming\n +databases that are gone: leaving$/m, 'databases that came and went');
	like($out, qr/^ +\S+ MiB of WAL between the ends of both$/m, 'and WAL');
	like($out, qr/^config +\d+ added, 1 removed, \d+ changed\n +collector ghost: absent -> collected$/m, 'the configuration in summary');
	like($out, qr{^D mine/files\Q$etc\E/gone\.conf$}m, 'what is gone');
	like($out, qr{^A mine/files\Q$etc\E/new\.conf$}m, 'what is new');
	like($out, qr{^M mine/files\Q$etc\E/mode\.conf\n  mode 0644 -> 0600\n(?!@@)}m, 'another mode');
	like($out, qr{^M mine/files\Q$etc\E/link\n  -> odoo\.conf is now -> same\.conf$}m, 'another link');
	like($out, qr{^M mine/files\Q$etc\E/data\n  not text: 3 B -> 4 B$}m, 'what is not text');
	my @digests = $out =~ m{^M mine/files\Q$etc\E/odoo\.conf\n\@\@ -1,4 \+1,5 \@\@\n \[options\]\n-admin_passwd = <masked (\w+)>\n-workers = 4\n\+admin_passwd = <masked (\w+)>\n\+workers = 8\n limit_time = 60\n\+list_db = False$}m;
	is(@digests, 2, 'text line by line') or diag $out;
	isnt($digests[0], $digests[1], 'secrets by their digests');
	like($out, qr{^M postgresql/settings\.json\n(?:  .*\n)*  \+ work_mem: file .*setting 7168, }m, 'settings by name');
	like($out, qr{^M postgresql/extensions\.json\n(?:  .*\n)*  \+ coming/pgcrypto: owner .* version 1\.3}m, 'extensions');
	unlike($out, qr{^[MAD] .*/same\.conf$}m, 'not what is the same');
	unlike($out, qr/\e/, 'nothing that steers a terminal');

	my $brief = $site->tool_ok(['diff', 'oldest', 'latest', '--brief', '--part', 'config'], 'diff --brief')->out;
	like($brief, qr{^M mine/files\Q$etc\E/odoo\.conf$}m, 'only names');
	unlike($brief, qr/^[-+@ ]workers|^database/m, 'and only the part that was asked for');
	like($site->tool_ok(['diff', 'erp-prod', $after, $after])->out, qr/^config +the same$/m, 'a set and itself');
};

subtest 'for programs' => sub {
	my $diff = $site->json('diff', $before, $after);
	is($diff->{before}{set}, $before, 'from');
	my $database = $diff->{parts}{database};
	is_deeply([@$database{qw(databases_added databases_removed)}], [['coming'], ['leaving']], 'databases');
	cmp_ok($database->{wal_bytes}, '>', 0, 'WAL');
	is($diff->{parts}{filestore}, undef, 'a part that neither has');
	my %items = map { $_->{path} => $_ } @{ $diff->{parts}{config}{items} };
	is($items{"mine/files$etc/gone.conf"}{change}, 'removed', 'what is gone');
	is($items{"mine/files$etc/gone.conf"}{after}, undef, 'has no after');
	is($items{"mine/files$etc/mode.conf"}{change}, 'attributes', 'another mode');
	like($items{"mine/files$etc/odoo.conf"}{text}, qr/^\+list_db = False$/m, 'hunks as text');
	my ($work_mem) = grep { $_->{row} eq 'work_mem' } @{ $items{'postgresql/settings.json'}{rows} };
	is($work_mem->{before}, undef, 'a row that is new');
	is($work_mem->{after}{setting}, '7168', 'and what it says');
	is_deeply($diff->{parts}{config}{collectors}, [{ name => 'ghost', before => 'absent', after => 'collected' }], 'collectors');
};

subtest 'what cannot be compared' => sub {
	$site->tool_fails(['diff', $before], 2, 'an argument is missing');
	$site->tool_fails(['diff', $before, $after, '--part', 'moon'], 2, "there is no part 'moon'");
	$site->tool_fails(['diff', $before, '20260101T000000Z-00000000'], 7, 'there is no set 20260101T000000Z-00000000');
	my $without = $site->path('without.conf');
	write_file($without, read_file($site->conf) =~ s/^identity=.*\n//mr, 0600);
	my $refused = Odr::Tool::tool('-c', $without, 'diff', $before, $after);
	is($refused->status, 12, 'without a key') or diag $refused->describe;
	$site->tool_ok(['backup', '--part', 'database'], 'a set without configuration');
	like($site->tool_ok(['diff', $before, 'latest'])->out, qr/^config +only the first set has it$/m, 'is said to have none');
};

done_testing();
