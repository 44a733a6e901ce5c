#!/usr/bin/perl
# The configuration of a platform is captured as collectors find it, without its secrets, and comes back.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Site;
use Odr::Tool;
use Odr::Work;

my $etc = new_dir(work_path('etc'), 0755);
my $secret = 'hunter2-is-no-password';

write_file("$etc/odoo.conf", "[options]\nadmin_passwd = $secret\ndb_user = odoo\nworkers = 4\n", 0640);
write_file("$etc/app.conf", "workers = 4\n", 0604);
new_dir("$etc/conf.d", 0755);
write_file("$etc/conf.d/extra.env", "API_TOKEN=$secret\nMODE=fast\n", 0600);
write_file("$etc/tls.key", "-----BEGIN PRIVATE KEY-----\n$secret\n-----END PRIVATE KEY-----\n", 0600);
symlink 'app.conf', "$etc/link.conf" or die;

sub with_config {
	my (%option) = @_;
	my $collectors = delete $option{config};
	return (
		'service erp-prod' => { config => $collectors },
		'collect mine' => { type => 'files', paths => "$etc/*.conf;$etc/conf.d;$etc/tls.key", %option },
		'collect words' => { type => 'command', command => 'printf;%s\\\\n;first;second', hint => 'say them again' },
		'collect ghost' => { type => 'command', command => 'no-such-program-here' },
	);
}

my $site = Odr::Site->new(version => 15, sections => { with_config(config => 'host;odrbackup;postgresql;mine;words;ghost') })->create;
my $source = $site->cluster;

sub item {
	my ($set, $name) = @_;
	my $result = $site->tool('show', $set, '--item', $name);
	$result->ok or die $result->describe;
	return $result->out;
}

# Names of items => what the list says of them.
sub items { return map { $_->{path} => $_ } @{ $site->json('show', $_[0], '--part', 'config')->{items} } }
sub states { return join ' ', map { "$_->{name}=$_->{state}" } @{ $site->json('show', $_[0], '--part', 'config')->{collectors} } }

$source->psql("CREATE ROLE shop LOGIN PASSWORD '$secret'");
$source->psql('CREATE DATABASE shop OWNER shop');
$source->psql('CREATE EXTENSION pgcrypto', 'shop');
$source->set(work_mem => '7MB')->reload;

my $first = $site->tool_ok(['backup', '--part', 'config'], 'a backup of the configuration alone');
like($first->out, qr/^Set \S+: in .*, config .* in \d+ files, stored in .*\.$/m, 'says what it made');
like($first->err, qr/warning: collector ghost has nothing to collect: there is no program 'no-such-program-here'/,
	'and what it missed');
my ($set) = $first->out =~ /^Set (\S+):/;

subtest 'what was captured is listed, and can be read' => sub {
	my %items = items('latest');

	is(states('latest'), 'host=collected odrbackup=collected postgresql=collected mine=collected ghost=absent words=collected',
		'collectors in order of restoring');
	is(item($set, 'words/output'), "first\nsecond\n", 'a program: what it printed');
	is($items{"words/output"}{source}, 'printf %s\n first second', 'and how it was run');
	is($items{"mine/files$etc/app.conf"}{mode}, 0604, 'a file: its mode');
	is($items{"mine/files$etc/app.conf"}{owner}, user_name(), 'and owner');
	is($items{"mine/files$etc/link.conf"}{link}, 'app.conf', 'a link: where it leads');
	is(item($set, 'app.conf'), "workers = 4\n", 'an item by the end of its name');
	is(item($set, "$etc/app.conf"), "workers = 4\n", 'or by the file it was');
	like(item($set, 'odrbackup.conf'), qr/^\[service erp-prod\]$/m, 'our own configuration');
	like(item($set, 'host/accounts.json'), qr/"uid": \d+/, 'users of the host');

	my $settings = decode_json(item($set, 'settings.json'));
	is($settings->{work_mem}{setting}, '7168', 'a setting of the server');
	is($settings->{work_mem}{unit}, 'kB', 'with its unit');
	my $databases = decode_json(item($set, 'databases.json'));
	is($databases->{shop}{owner}, 'shop', 'databases and their owners');
	is($databases->{shop}{encoding}, 'UTF8', 'and encodings');
	ok(decode_json(item($set, 'extensions.json'))->{'shop/pgcrypto'}, 'extensions of a database');
	is(decode_json(item($set, 'roles.json'))->{shop}{login}, 't', 'roles');
	like(item($set, 'pg_hba.conf'), qr/^local +all/m, 'the rules of the server');
	like(item($set, 'globals.sql'), qr/^CREATE ROLE shop;$/m, 'roles as SQL') if $items{'postgresql/globals.sql'};
	unlike(item($set, 'globals.sql'), qr/restrict/, 'without what is new each time') if $items{'postgresql/globals.sql'};

	my $table = $site->tool_ok(['show', 'latest', '--part', 'config'])->out;
	like($table, qr/^ +9 +ghost +absent +0 +yes +there is no program/m, 'the list for people has the collectors');
	like($table, qr{^mine/files\Q$etc\E/odoo\.conf .*0640 .* masked$}m, 'and the items');
	like($site->tool_ok(['show', $set])->out, qr/^config +full, \d+ files/m, 'show names the part');
};

subtest 'secrets do not leave the host' => sub {
	my %items = items($set);
	my @found = grep { $items{$_}{form} ne 'link' && index(item($set, $_), $secret) >= 0 } sort keys %items;
	is("@found", '', 'no item has the secret');
	like(item($set, 'odoo.conf'), qr/^\[options\]\nadmin_passwd = <masked [0-9a-f]{16}>\ndb_user = odoo\nworkers = 4\n\z/,
		'the name stays, and a digest');
	like(item($set, 'extra.env'), qr/^API_TOKEN=<masked [0-9a-f]{16}>\nMODE=fast\n\z/, 'in an environment');
	like(item($set, 'tls.key'), qr/^<masked [0-9a-f]{16}>\n\z/, 'a key as a whole');
	ok($items{"mine/files$etc/odoo.conf"}{masked}, 'the list says that it was masked');
	ok(!$items{"mine/files$etc/app.conf"}{masked}, 'and what was not');

	my ($one) = item($set, 'odoo.conf') =~ /<masked (\w+)>/;
	write_file("$etc/odoo.conf", "[options]\nadmin_passwd = ${secret}2\ndb_user = odoo\nworkers = 4\n", 0640);
	$site->tool_ok(['backup', '--part', 'config'], 'after a change of the secret');
	my ($two) = item('latest', 'odoo.conf') =~ /<masked (\w+)>/;
	isnt($one, $two, 'the digest tells that it changed');

	write_file("$etc/odoo.conf", "[options]\nadmin_passwd = $secret\ndb_user = odoo\nworkers = 4\n", 0640);
	$site->write_conf(with_config(config => 'mine', secrets => 'sealed'));
	$site->tool_ok(['backup', '--part', 'config'], 'with secrets=sealed');
	like(item('latest', 'odoo.conf'), qr/^admin_passwd = $secret$/m, 'the secret is sealed with the rest');
	like(item('latest', 'tls.key'), qr/$secret/, 'as is a key');
	my $packs = join '', map { read_file($_) } split /\n/, run_program(['find', $site->repository, '-type', 'f'])->out;
	is(index($packs, $secret), -1, 'and in the repository nobody can see it');
};

subtest 'it comes back into a folder' => sub {
	my $folder = $site->path('config');
	my $out = $site->tool_ok(['restore', '--part', 'config', '--with-config', $folder], 'restore --part config')->out;
	like($out, qr{^into +\Q$folder\E$}m, 'the plan comes first');
	is(read_file("$folder/mine/files$etc/odoo.conf"), read_file("$etc/odoo.conf"), 'content');
	is(sprintf('%04o', (stat "$folder/mine/files$etc/app.conf")[2] & 07777), '0604', 'mode');
	is((stat _)[9], (stat "$etc/app.conf")[9], 'time');
	is(readlink("$folder/mine/files$etc/link.conf"), 'app.conf', 'a link');
	like(read_file("$folder/RESTORE.txt"), qr{^5\. mine \(collected\)\n    put them back.*\n(?:    .*\n)*    mine/files\Q$etc\E/odoo\.conf  0640 }m,
		'with a list of what to do');
	$site->tool_fails(['restore', '--part', 'config', '--with-config', $folder], 6, 'is not empty');
	$site->tool_fails(['restore', '--part', 'config'], 2, '--part config needs --with-config DIR');
	$site->tool_fails(['restore', '--part', 'config', '--pgdata', '/x'], 2, '--pgdata is for --part database');

	my $of_first = $site->path('config-of-first');
	$site->tool_ok(['restore', '--part', 'config', '--with-config', $of_first, '--set', $set], 'of another set');
	ok(-e "$of_first/host/locales", 'has what that set has');
	my $stopped = $site->json('show', $set)->{parts}[0]{stopped};
	my $plan = $site->json('restore', '--part', 'config', '--plan', '--type', 'time', '--target', $stopped);
	is($plan->{set}, $set, 'the newest capture before a moment');
	$site->tool_fails(['restore', '--part', 'config', '--plan', '--type', 'time', '--target', '2020-01-01T00:00:00Z'], 7,
		'there is no capture of the configuration in repository main that suits');
};

subtest 'it comes back to where it was' => sub {
	my @restore = ('restore', '--part', 'config', '--in-place');
	write_file("$etc/app.conf", "workers = 40\n", 0600);
	unlink "$etc/link.conf", "$etc/conf.d/extra.env";

	my $plan = $site->json(@restore, '--plan');
	is_deeply({ map { $_->{file} => $_->{change} } @{ $plan->{files} } },
		{ "$etc/odoo.conf" => 'same', "$etc/app.conf" => 'replace', "$etc/link.conf" => 'new',
			"$etc/conf.d/extra.env" => 'new', "$etc/tls.key" => 'same' }, 'the plan: what would change');
	is(read_file("$etc/app.conf"), "workers = 40\n", 'and nothing does yet');
	$site->tool_fails(\@restore, 6, 'The files listed will be put in place on this host');
	is(read_file("$etc/app.conf"), "workers = 40\n", 'nor without being confirmed');

	$site->tool_ok([@restore, '--item', 'app.conf', '--confirm', 'erp-prod'], 'one file');
	is(read_file("$etc/app.conf"), "workers = 4\n", 'is back');
	is(sprintf('%04o', (stat "$etc/app.conf")[2] & 07777), '0604', 'with its mode');
	is(read_file("$etc/app.conf.before-restore"), "workers = 40\n", 'and what was there is beside it');
	ok(!-e "$etc/link.conf", 'others were not asked for');
	unlink "$etc/app.conf.before-restore";

	$site->tool_ok([@restore, '--confirm', 'erp-prod'], 'all files');
	is(readlink("$etc/link.conf"), 'app.conf', 'the link is back');
	like(read_file("$etc/conf.d/extra.env"), qr/$secret/, 'and the environment, as it was sealed');

	write_file("$etc/odoo.conf", "[options]\n", 0640);
	my $masked = $site->tool_ok([@restore, '--set', $set, '--item', 'odoo.conf', '--confirm', 'erp-prod'], 'from a masked capture');
	like($masked->err, qr/odoo\.conf' was left alone: its secrets were masked/, 'a file with secrets is left alone');
	is(read_file("$etc/odoo.conf"), "[options]\n", 'indeed');
};

subtest 'what fails keeps the part out of the set, and nothing else' => sub {
	$site->write_conf(with_config(config => 'mine', paths => "$etc/no-such-file.conf"));
	$site->tool_fails(['backup', '--part', 'config'], 4,
		"cannot collect the configuration: collector mine: there is no '$etc/no-such-file.conf'");
	my $partial = $site->tool_fails(['backup'], 3, 'is published, but without the config: ', 'a backup of everything');
	my ($published) = $partial->err =~ /set (\S+) is published/;
	is_deeply([map { $_->{part} } @{ $site->json('show', $published)->{parts} }], ['database'], 'the set has the database');

	$site->write_conf(with_config(config => 'mine;words', paths => "$etc/no-such-file.conf", required => 'no'));
	my $tolerant = $site->tool_ok(['backup', '--part', 'config'], 'what is not required may fail');
	like($tolerant->err, qr/warning: collector mine failed: there is no '/, 'and is warned of');
	is(states('latest'), 'mine=failed words=collected', 'the set knows');

	$site->write_conf(with_config(config => 'mine', command => 'true'));
	$site->tool_fails(['backup', '--part', 'config'], 2, 'command= is not for collectors of type files');
	$site->tool_fails(['config', 'check'], 2, 'command= is not for collectors of type files');
};

subtest 'without any setting it works' => sub {
	$site->write_conf('service erp-prod' => { config => undef });
	$site->tool_ok(['backup'], 'a backup of all that there is');
	is_deeply([map { $_->{part} } @{ $site->json('show', 'latest')->{parts} }], ['database', 'config'], 'both parts');
	is_deeply([grep { $_->{required} } @{ $site->json('show', 'latest', '--part', 'config')->{collectors} }], [], 'nothing is required');
	$site->tool_ok(['check', '--repository-scan'], 'a scan of the repository is content');
	$site->write_conf('service erp-prod' => { config => 'none' });
	$site->tool_fails(['backup', '--part', 'config'], 2, 'service erp-prod has no config: its config= is none');
};

subtest 'what was altered is noticed' => sub {
	my @packs = split /\n/, run_program(['find', glob($site->repository . '/*/pack'), '-type', 'f', '-newer', $site->conf])->out;
	my %before = map { $_ => read_file($_) } split /\n/, run_program(['find', glob($site->repository . '/*/pack'), '-type', 'f'])->out;
	for my $pack (keys %before) {
		my $bytes = $before{$pack};
		substr($bytes, length($bytes) / 2, 1) ^= "\1";
		chmod 0600, $pack;
		write_file($pack, $bytes);
	}
	$site->tool_fails(['show', $set, '--part', 'config'], 13, qr/error: /, 'an altered object');
	$site->tool_fails(['show', $set, '--item', 'app.conf'], 13, qr/error: /, 'whatever is wanted of it');
	write_file($_, $before{$_}) for keys %before;
	is(item($set, 'app.conf'), "workers = 4\n", 'put right again');
};

done_testing();
