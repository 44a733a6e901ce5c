#!/usr/bin/perl
# A backup of all parts needs no superuser: the grants of contrib/postgresql/backup-role.sql suffice, and without them the
# message says what is missing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Odr::Cluster;
use Odr::Odoo;
use Odr::Site;
use Odr::Work;

# 14 has the functions under their older names.
for my $version (full_run() ? (13 .. 18) : (14, 15)) {
	my $site = Odr::Site->new(version => $version, name => "role-$version")->create;
	my $source = $site->cluster;
	my $conninfo = $source->conninfo =~ s/user=postgres/user=odrbackup/r;

	$site->write_conf('service ' . $site->service => { postgres => $conninfo });
	$source->psql('CREATE ROLE odrbackup LOGIN');
	$site->tool_fails([$site->backup_arguments], 12, 'pg_read_all_settings',
		"$version: a role without grants does not see the data directory, and is told so");
	$source->psql('GRANT pg_monitor TO odrbackup');
	$site->tool_fails([$site->backup_arguments], 12, 'permission denied for function pg_switch_wal',
		"$version: a function that is not granted is named");

	my $script = read_file(source_path('contrib/postgresql/backup-role.sql'));
	$source->psql($script);
	pass("$version: the grants can be given to a role that exists");
	is($source->psql("SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = 'odrbackup'"), 'f',
		"$version: the role is neither superuser nor may it replicate");
	$site->backup("$version: a backup with the grants");
	ok($site->tool('check', $site->service)->out !~ /permission denied/, "$version: a check with the grants");

	$source->psql('DROP OWNED BY odrbackup; DROP ROLE odrbackup');
	$source->psql($script);
	$site->backup("$version: a backup with a role that the script has made");

	# What is asked of a database of Odoo.
	my $root = new_dir($site->path('filestore'), 0755);
	my $shop = Odr::Odoo->new(cluster => $source, database => 'shop', filestore => $root)->create;
	$shop->upload('a file');
	$shop->upload('is lost');
	$site->write_conf('service ' . $site->service => { postgres => $conninfo, filestore => $root, config => 'postgresql;odoo' });
	my $poor = $site->tool($site->backup_arguments);
	like($poor->err, qr/collector of database 'shop' .*permission denied for table ir_cron/, "$version: a lock that is not granted is told");
	like($poor->err, qr/attachments of database 'shop': .*permission denied for table ir_attachment/, "$version: a table as well");
	$shop->sql($script);
	$shop->upload('another');
	my $rich = $site->tool_ok([$site->backup_arguments, '--full'], "$version: with the grants in the database of Odoo, all parts");
	unlike($rich->err, qr/permission denied|could not be held off/, "$version: nothing is denied");
	my ($newest) = reverse $site->set_ids;
	my $facts = $site->json('show', $site->service, $newest)->{sealed}{facts};
	is($facts->{filestore}{trees}{shop}{collector}, 'job locked', "$version: the job of the collector is locked");
	is($facts->{filestore}{trees}{shop}{attachments}{files}, 3, "$version: attachments are counted");
	is_deeply([map { "$_->{name} $_->{state}" } @{ $facts->{config}{collectors} }], ['postgresql collected', 'odoo collected'],
		"$version: and the configuration is complete") or diag explain $facts->{config};
	$shop->sql($script);
	$site->tool_ok(['verify', 'filestore', $site->service, '--filestore', $root], "$version: the proof as this role");

	my $copy = $site->recover('copy');
	is($copy->psql("SELECT count(*) FROM pg_roles WHERE rolname = 'odrbackup'"), '1', "$version: the set restores");
}

done_testing();
