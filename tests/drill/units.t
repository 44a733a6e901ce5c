#!/usr/bin/perl
# The filters of system calls that the units ask systemd for let everything through that the program needs: what each unit runs is
# run under its filter, once as systemd would do it, and once so that any call that is not allowed kills the program. No systemd is
# needed for that; what else units ask for (namespaces, folders, limits) is not tried here.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;

use Odr::Drill;
use Odr::Httpd;
use Odr::Odoo;
use Odr::Site;
use Odr::Tool;
use Odr::Work;

my $filtered = source_path('tests/lib/seccomp/run-filtered');
plan skip_all => 'systemd-analyze or libseccomp is not there'
  unless -x '/usr/bin/systemd-analyze' && glob '/usr/lib/*/libseccomp.so.2';

my $site = Odr::Site->new(version => 15, cluster => { wal_segsize => 1 }, evidence => 1);
my $root = new_dir($site->path('filestore'), 0755);
my $service = $site->service;
$site->{sections}{"service $service"} = { filestore => $root, config => 'host' };
$site->{sections}{'notify chat'} = { type => 'http', url => Odr::Httpd->start('chat', sub { return (200, 'thanks') })->url };
$site->{sections}{'notify pager'} = { type => 'command', command => '/bin/true' };
$site->{sections}{odrbackup}{'on-unit-failure'} = 'chat;pager';
$site->create;
my $reports = new_dir(work_path('reports'), 0700);
my $shop = Odr::Odoo->new(cluster => $site->cluster, database => 'shop', filestore => $root)->create;
$shop->upload("file $_") for 1 .. 5;
my $drills = Odr::Drill->new(site => $site);
my $plan = $drills->plan('weekly');
my $figures = write_file(work_path('files.sql'), "-- id: files  kind: metric  module: base  odoo: 14-18\n-- needs: ir_attachment\nSELECT count(*) FROM ir_attachment\n");

sub under {
	my ($unit, $mode, @arguments) = @_;
	my ($template) = grep { -e } map { source_path("etc/$unit$_.service.in") } '@', '';
	my $path = write_file(work_path("$unit.service"), read_file($template));
	return run_program(['python3', $filtered, $path, tool_path(), '-c', $site->conf, '--no-input', @arguments],
		timeout => 300, env => { %ENV, RUN_FILTERED => $mode });
}

for my $mode (qw(fail kill)) {
	for my $case (['odrbackup-backup', 'backup', $service], ['odrbackup-filestore', 'backup', $service, '--part', 'filestore'],
		['odrbackup-heartbeat', 'heartbeat', $service], ['odrbackup-drill', 'drill', 'run', $plan],
		['odrbackup-drill', 'drill', 'clean', $plan], ['odrbackup-expire', 'expire', $service],
		['odrbackup-anchor', 'anchor', 'create', $service, '--sql', $figures],
		['odrbackup-checkpoint', 'audit', 'checkpoint', $service], ['odrbackup-status', 'metrics'],
		['odrbackup-verify', 'check', '--repository-scan', $service], ['odrbackup-notify', 'notify', 'unit', 'odrbackup-status.service'],
		['odrbackup-report', 'report', 'quarterly', '--quarter', 'last', '--render', 'html', '--output', $reports]) {
		my ($unit, @arguments) = @$case;
		my $result = under($unit, $mode, @arguments);
		# Nothing is there to be cleaned.
		my $due = ($arguments[1] // '') eq 'clean' ? 8 : 0;
		is($result->status, $due, "$unit, where calls that are not allowed $mode: @arguments") or diag $result->status, $result->out, $result->err;
	}
}
$drills->ok_nothing_left('afterwards');

# The filter does filter, and the test could fail.
my $unit = write_file(work_path('narrow.service'), "SystemCallFilter=\@default \@basic-io\n");
isnt(run_program(['python3', $filtered, $unit, tool_path(), '--version'])->status, 0, 'under a filter that lets too little through it does not start');

done_testing();
