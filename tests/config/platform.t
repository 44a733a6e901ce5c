#!/usr/bin/perl
# Collectors on what a platform has: databases of Odoo, checkouts of its code, a real Redis, a proxy; as the
# server's user, and as root.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Site;
use Odr::Tool;
use Odr::Work;

my $home = new_dir(work_path('home'), 0755);
my $secret = 'geheim-und-lang';
my $site = Odr::Site->new(version => 15, sections => { 'service erp-prod' => { config => 'none' } })->create;
my $cluster = $site->cluster;
my $odoo_conf = write_file("$home/odoo.conf",
	"[options]\nadmin_passwd = $secret\naddons_path = $home/core/addons,$home/custom\n", 0640);

sub collect_with {
	my ($collectors, %groups) = @_;
	$site->write_conf('service erp-prod' => { config => $collectors }, %groups);
	return $site->tool_ok(['backup', '--part', 'config'], "collecting $collectors");
}

sub item {
	my ($name) = @_;
	my $result = $site->tool('show', 'latest', '--item', $name);
	$result->ok or die $result->describe;
	return $result->out;
}

sub table { return decode_json(item($_[0])) }
sub listed { return $site->json('show', 'latest', '--part', 'config') }
sub paths { return map { $_->{path} } @{ listed()->{items} } }
sub notes { return join "\n", map { @{ $_->{notes} } } @{ listed()->{collectors} } }

# A folder of modules: name => has a neutralize.sql.
sub modules_in {
	my ($folder, %modules) = @_;
	for my $name (keys %modules) {
		new_dir("$folder/$name", 0755);
		write_file("$folder/$name/__manifest__.py", "{'name': '$name'}\n");
		next unless $modules{$name};
		new_dir("$folder/$name/data", 0755);
		write_file("$folder/$name/data/neutralize.sql", "-- neutralizes $name\nUPDATE $name SET off = true;\n");
	}
}

subtest 'modules of every database of Odoo, and where their code is' => sub {
	modules_in("$home/core/odoo/addons", base => 1);
	modules_in("$home/core/addons", sale => 0, mail => 1);
	modules_in("$home/custom", shop => 0);
	for my $name (qw(erp shop)) {
		$cluster->psql("CREATE DATABASE $name");
		$cluster->psql(<<"SQL", $name);
CREATE TABLE ir_module_module (id serial, name varchar, state varchar, latest_version varchar);
INSERT INTO ir_module_module (name, state, latest_version) VALUES ('base', 'installed', '17.0.1.3'), ('mail', 'installed', '17.0.1.15'),
	('shop', 'to upgrade', '17.0.2.0'), ('lost', 'installed', '17.0.1.0'), ('hr', 'uninstalled', NULL),
	('../../etc', 'installed', '1');
SQL
	}
	$cluster->psql('CREATE DATABASE "odd/name"');
	$cluster->psql('CREATE DATABASE plain');
	collect_with('odoo', 'collect odoo' => { paths => $odoo_conf });

	my $modules = table('modules/erp.json');
	is_deeply([sort keys %$modules], [qw(base lost mail shop)], 'modules that count');
	is_deeply($modules->{base}, { state => 'installed', version => '17.0.1.3', folder => "$home/core/odoo/addons/base",
			neutralize => "$home/core/odoo/addons/base/data/neutralize.sql" }, 'state, version, folder, neutralize.sql');
	is($modules->{lost}{folder}, undef, 'code that is not there');
	like(item("$home/core/addons/mail/data/neutralize.sql"), qr/^-- neutralizes mail$/m, 'and what neutralizes it');
	ok((grep { $_ eq 'odoo/modules/shop.json' } paths()), 'of the other database, too');
	ok(!(grep { /plain|odd/ } paths()), 'not of those that are none of Odoo');
	like(notes(), qr/^database erp is in the middle of an upgrade: shop$/m, 'an upgrade that is not finished is noted');
	like(notes(), qr/^database erp has installed modules without code in addons_path: lost$/m, 'and code that is missing');
	like(notes(), qr/^database erp has a module with a name that is none$/m, 'and a name that cannot be');
	like(notes(), qr{^database 'odd/name' has a name that Odoo does not give: it is left out$}m, 'and a database that cannot be');
	like(item('odoo.conf'), qr/^admin_passwd = <masked \w+>$/m, 'the configuration, masked');

	collect_with('odoo', 'collect odoo' => { paths => $odoo_conf, databases => 'shop' });
	ok(!(grep { $_ eq 'odoo/modules/erp.json' } paths()), 'databases that were chosen');

	$cluster->psql("CREATE ROLE poor LOGIN; REVOKE ALL ON ir_module_module FROM PUBLIC", 'erp');
	$site->write_conf('service erp-prod' => { config => 'odoo', postgres => $cluster->conninfo =~ s/user=\S+/user=poor/r },
		'collect odoo' => { paths => $odoo_conf });
	$site->tool_fails(['backup', '--part', 'config'], 4,
		'collector odoo: cannot list the modules of database erp: the server says: permission denied for table ir_module_module');
};

SKIP: {
	skip 'only root can be another user', 1 unless $> == 0;
	subtest 'root runs the code of others as they would' => sub {
		my $checkout = new_dir("$home/checkout", 0755);
		my $owner = 'nobody';
		write_file("$checkout/module.py", "code\n");
		my $made = run_program(['sh', '-ec', <<"SH"], user => 'root');
cd $checkout
chown root .
git init -q -b main . && git add . && git -c user.name=a -c user.email=a\@b commit -qm one
printf '#!/bin/sh\\nid -u >$checkout/ran-as; cat\\n' >filter.sh && chmod +x filter.sh
git config filter.own.clean ./filter.sh && echo '*.py filter=own' >.gitattributes
echo changed >>module.py
chown -R $owner .
SH
		$made->ok or die $made->err;
		$site->write_conf('service erp-prod' => { config => 'code' }, 'collect code' => { type => 'addons', paths => $checkout });
		# Root writes the state of this run: it gets a folder of its own.
		my $conf = write_file($site->path('root.conf'), read_file($site->conf) =~ s/^state=.*$/"state=" . work_path('root-state')/mer);
		my $run = Odr::Tool::tool('-c', $conf, 'backup', '--part', 'config', { user => 'root' });
		ok($run->ok, 'a backup by root') or diag $run->describe;
		my $show = sub { return Odr::Tool::tool('-c', $conf, 'show', 'latest', '--item', $_[0], { user => 'root' })->out };
		my $facts = decode_json($show->("git$checkout/repository.json"));
		ok($facts->{changed}, 'the checkout was looked into');
		like($show->('changes.diff'), qr/^\+changed$/m, 'and its changes taken');
		ok(-e "$checkout/ran-as", 'a filter of its own was run');
		is(read_file("$checkout/ran-as") + 0, scalar getpwnam($owner), 'as its owner, not as root');
	};
}

SKIP: {
	my ($server) = grep { -x } '/usr/bin/redis-server', '/usr/bin/valkey-server';
	skip 'there is no Redis', 1 unless $server;
	subtest 'Redis tells its configuration and writes a dump' => sub {
		my $dir = new_dir(work_path('redis'), 0755);
		my $socket = socket_dir() . '/redis.sock';
		my $password = write_file("$dir/password", "$secret\n", 0600);
		write_file("$dir/redis.conf", "port 0\nunixsocket $socket\nrequirepass $secret\ndir $dir\nsave \"\"\nmaxmemory 64mb\n", 0600);
		my $redis = start_program([$server, "$dir/redis.conf"]);
		poll_until('redis listens', sub { -S $socket });

		collect_with('redis', 'collect redis' => { server => $socket, 'password-file' => $password });
		is(table('redis/config.json')->{maxmemory}, '67108864', 'a setting');
		like(table('redis/config.json')->{requirepass}, qr/^<masked \w+>$/, 'its password is masked');
		like(table('redis/info.json')->{redis_version}, qr/^\d+\./, 'its version');
		my ($dump) = grep { $_->{path} eq "redis/files$dir/dump.rdb" } @{ listed()->{items} };
		ok($dump && $dump->{in_place}, 'a dump, that knows its place');
		like(item('dump.rdb'), qr/\AREDIS\d{4}/, 'which is one');
		like($dump->{hint}, qr/AOF wins/, 'with what to mind');

		$site->write_conf('service erp-prod' => { config => 'redis' }, 'collect redis' => { server => $socket, required => 'yes' });
		$site->tool_fails(['backup', '--part', 'config'], 4, "collector redis: $socket refuses INFO: NOAUTH");
		$redis->signal('TERM');
		$redis->wait;
		$site->tool_fails(['backup', '--part', 'config'], 4, "collector redis: cannot connect to $socket: ");
	};
}

done_testing();
