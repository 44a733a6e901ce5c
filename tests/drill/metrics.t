#!/usr/bin/perl
# Metrics: what the catalog and the records of drills know, in a form that Prometheus takes, written however a run ends;
# alerts that are raised when they should be, and not before.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Digest::SHA ();
use JSON::PP 'encode_json';
use Test::More;

use Odr::Tool;
use Odr::Work;

my $dir = new_dir(work_path('metrics'), 0700);
my $conf = "$dir/odrbackup.conf";
my $file = "$dir/odrbackup.prom";
my $rules = "$FindBin::Bin/../../contrib/prometheus";
my ($promtool) = grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH};

sub write_conf {
	my ($more, $config) = @_;
	$config //= 'none';
	write_file($conf, <<"CONF", 0600);
[odrbackup]
state=$dir/state
drills=$dir/plans
spool=$dir/spool
$more
[repository main]
type=posix
path=$dir/repository
[tier default]
rpo=5min
rto=2h
max-drill-age=14d
verify-cycle=30d
[process invoicing]
service=erp-prod
components=filestore
checks=invoices-balanced
[service erp-prod]
repositories=main
config=$config
postgres=none
filestore=$dir/files
filestore-layout=plain
[collect site]
type=files
paths=$dir/captured
CONF
}

sub value_of {
	my ($text, $sample) = @_;
	return $text =~ /^\Q$sample\E (\S+)$/m ? $1 : undef;
}

new_dir("$dir/$_") for qw(files state plans sandbox);
write_file("$dir/plans/erp-weekly.plan", <<"PLAN");
[plan]
version = 1
name = erp-weekly
service = erp-prod
[schedule]
slot = weekly
[sandbox]
directory = $dir/sandbox
[neutralize]
mode = sql
PLAN
# As a receipt says that it was.
sub stored {
	my ($run) = @_;
	my $folder = "$dir/state/evidence/$run";
	write_file("$folder/receipt.json", encode_json({ run => $run, objects => [
		{ repository => 'main', name => "x/evidence/$run/record.json", sha256 => Digest::SHA::sha256_hex(read_file("$folder/record.json")) } ] }));
	return;
}

my %run = (passed => '20261114T030000Z-6f1d20aa', failed => '20261121T030000Z-93ac01fe');
for my $name (sort keys %run) {
	new_dir("$dir/state/evidence/$run{$name}");
	write_file("$dir/state/evidence/$run{$name}/record.json", read_file("$FindBin::Bin/records/$name.json"));
	stored($run{$name});
}

write_conf('');
my $printed = tool('-q', '-c', $conf, 'metrics');
ok($printed->ok, 'without metrics-file they are printed');
my $text = $printed->out;
my $weekly = 'service="erp-prod",plan="erp-weekly"';
is(value_of($text, qq(odrbackup_drill_outcome{$weekly,outcome="fail-check"})), 1, 'the outcome of the last drill');
is(value_of($text, qq(odrbackup_drill_outcome{$weekly,outcome="pass"})), 0, 'and no other');
is(value_of($text, qq(odrbackup_drill_last_pass_timestamp_seconds{$weekly})), '1794625204.1', 'when one passed last');
is(value_of($text, qq(odrbackup_drill_checks{$weekly,status="fail"})), 2, 'its checks');
is(value_of($text, qq(odrbackup_drill_fetch_bytes_per_second{$weekly})), '247691308.8812', 'content a second');
is(value_of($text, qq(odrbackup_drill_replay_bytes_per_second{$weekly})), '2726297.6', 'WAL a second');
is(value_of($text, 'odrbackup_filestore_missing_files{service="erp-prod"}'), 1, 'what its filestore lacks');
is(value_of($text, qq(odrbackup_drill_achieved_rpo_seconds{$weekly})), 412, 'seconds');
is(value_of($text, qq(odrbackup_drill_rto_objective_seconds{$weekly})), 7200, 'the objective of its plan');
is(value_of($text, qq(odrbackup_drill_due_timestamp_seconds{$weekly})), '1795834804.1', 'it is due 14 days after it passed');
is(value_of($text, qq(odrbackup_drill_leftovers{$weekly})), 0, 'and left nothing');
is(value_of($text, qq(odrbackup_rpo_objective_seconds{service="erp-prod",component="filestore"})), 300, 'the objective');
my $sla = 'odrbackup_sla_state{service="erp-prod",tier="default",process="%s",objective="%s",state="%s"}';
is(value_of($text, sprintf $sla, '', 'RTO', 'MISSED'), 1, 'the state of an objective');
is(value_of($text, sprintf $sla, '', 'RTO', 'MET'), 0, 'and no other');
is(value_of($text, sprintf $sla, 'invoicing', 'integrity', 'MISSED'), 1, 'that of a process');
like($text, qr/^# TYPE odrbackup_runs_total counter$/m, 'counters are called so') if $text =~ /runs_total/;
my $commit = qx('$FindBin::Bin/../../m4/commit' '$FindBin::Bin/../..');
chomp $commit;
my $label = $commit eq '' ? '' : qr/,commit="[0-9a-f]{12}(?:-dirty)?"/;
like($text, qr/^odrbackup_build_info\{version="[^"]+"$label\} 1$/m, 'the commit is there where it is known');
unlike($text, qr/recovery_point/, 'what is not known is absent');
unlike($text, qr/drill_target_gap/, 'also of a drill');
for my $family ($text =~ /^# TYPE (\S+)/mg) {
	is(() = $text =~ /^# HELP \Q$family\E /mg, 1, "$family is told once");
}

write_conf("metrics-file=$file\nidentity=$dir/identity\nwriter-bundle=$dir/bundle");
ok(tool('-q', '-c', $conf, 'metrics')->ok && -s $file, 'with metrics-file they are written');
is((stat $file)[2] & 07777, 0644, 'for the collector to read');

# However a run ends.
for my $command (['key', 'new', 'owner', "$dir/owner", '--service', 'erp-prod', '--unprotected'],
	['key', 'new', 'identity', "$dir/identity", '--owner', "$dir/owner", '--unprotected'],
	['key', 'endorse', "$dir/bundle", '--owner', "$dir/owner", '--role', 'writer', '--recipient', "$dir/identity.pub"],
	['init', '--single-recipient']) {
	my $result = tool('-q', '-c', $conf, @$command);
	$result->ok or die "cannot make the site:\n" . $result->describe;
}
my $backup = 'service="erp-prod",command="backup"';
rename "$dir/files", "$dir/gone" or die "cannot rename the files: $!\n";
unlink $file;
ok(!tool('-q', '-c', $conf, 'backup')->ok, 'a backup of files that are not there fails');
isnt(value_of(read_file($file), qq(odrbackup_last_exit_code{$backup})) // 0, 0, 'and its status is in the metrics');
unlike(read_file($file), qr/last_success/, 'a success is not');
rename "$dir/gone", "$dir/files" or die "cannot rename the files: $!\n";
write_file("$dir/files/one", "one\n");
unlink $file;
ok(tool('-q', '-c', $conf, 'backup')->ok, 'a backup succeeds');
is(value_of(read_file($file), qq(odrbackup_last_exit_code{$backup})), 0, 'with status 0');
like(read_file($file), qr/^odrbackup_last_success_timestamp_seconds\{\Q$backup\E\} \d/m, 'and a success');
is(value_of(read_file($file), 'odrbackup_sets{service="erp-prod",repository="main",state="good"}'), 1, 'of one set');
unlike(read_file($file), qr/^odrbackup_(?:set_bytes|newest_set)/m, 'which has no database to be as large as');
my $total = 'odrbackup_runs_total{service="erp-prod",command="%s",outcome="%s"}';
is(value_of(read_file($file), sprintf $total, 'backup', 'ok'), 1, 'runs are counted');
is(value_of(read_file($file), sprintf $total, 'backup', 'failed'), 1, 'those that failed too');
like(read_file($file), qr/^# TYPE odrbackup_runs_total counter$/m, 'as a counter');
like(read_file($file), qr/^odrbackup_rpo_over_objective_seconds_total\{service="erp-prod",component="filestore"\} \d/m, 'and time above the objective');

# How old keys are, and what changed of the configuration.
like(read_file($file), qr/^odrbackup_key_age_seconds\{service="erp-prod",type="bundle",key="[0-9a-f]{16}"\} [0-9]+(?:\.\d+)?$/m, 'how old the key of this host is');
my $drift = 'odrbackup_config_drift{service="erp-prod"}';
is(value_of(read_file($file), $drift), undef, 'without a captured configuration there is no drift');
new_dir("$dir/captured");
write_file("$dir/captured/$_", "$_\n") for qw(one two three);
my $with_config = "metrics-file=$file\nidentity=$dir/identity\nwriter-bundle=$dir/bundle";
write_conf($with_config, 'site');
ok(tool('-q', '-c', $conf, 'backup')->ok, 'a backup with the configuration');
is(value_of(read_file($file), $drift), undef, 'nor without a drill that passed');
my ($items) = glob "$dir/state/erp-prod/config-items.json";
unlike(read_file($items), qr/${\Digest::SHA::sha256_hex("one\n")}/, 'what is kept for that does not give content away');
is((stat $items)[2] & 07777, 0600, 'and is not for others');
write_conf($with_config);

# What was read back.
my $ratio = 'odrbackup_verify_coverage_ratio{service="erp-prod",repository="main"}';
my $errors = 'odrbackup_verify_errors_total{service="erp-prod",repository="main"}';
is(value_of(read_file($file), $ratio), undef, 'nothing was read back yet');
ok(tool('-q', '-c', $conf, 'check', '--repository-scan')->ok, 'all objects are read back');
is(value_of(read_file($file), $ratio), 1, 'which is known');
is(value_of(read_file($file), $errors), undef, 'without an error');
my ($pack) = sort { -s $b <=> -s $a } grep { -f } split /\n/, qx(find '$dir/repository' -type f -path '*pack*');
my $bytes = read_file($pack);
write_file($pack, substr($bytes, 0, 100) . chr(ord(substr $bytes, 100, 1) ^ 1) . substr($bytes, 101));
is(tool('-q', '-c', $conf, 'check', '--repository-scan')->status, 13, 'damage is found');
cmp_ok(value_of(read_file($file), $errors) // 0, '>', 0, 'and counted');
write_file($pack, $bytes);

# A run that fails before it begins is one that failed.
rename "$dir/bundle", "$dir/elsewhere" or die "cannot rename the bundle: $!\n";
ok(!tool('-q', '-c', $conf, 'backup')->ok, 'a backup without its keys fails');
is(value_of(read_file($file), sprintf $total, 'backup', 'failed'), 2, 'and is counted');
isnt(value_of(read_file($file), qq(odrbackup_last_exit_code{$backup})), 0, 'with its status');
rename "$dir/elsewhere", "$dir/bundle" or die "cannot rename the bundle: $!\n";
write_conf("metrics-file=$dir/none/odrbackup.prom\nidentity=$dir/identity\nwriter-bundle=$dir/bundle");
my $unwritten = tool('-c', $conf, 'backup');
ok($unwritten->ok, 'metrics that cannot be written change no outcome');
like($unwritten->err, qr/warning: the metrics were not written: /, 'and are told');
is_deeply([glob "$dir/.odr-*"], [], 'nothing is left beside it');

SKIP: {
	skip 'promtool is not installed', 3 unless $promtool;
	my $output = qx(cd '$rules' && $promtool check rules odrbackup.rules.yml 2>&1);
	is($?, 0, 'the rules are valid') or diag($output);
	$output = qx(cd '$rules' && $promtool test rules odrbackup.rules.test.yml 2>&1);
	is($?, 0, 'alerts are raised when they should be') or diag($output);
	write_file("$dir/text", $text);
	$output = qx($promtool check metrics <'$dir/text' 2>&1);
	is($?, 0, 'promtool takes the metrics') or diag($output);
}

done_testing();
