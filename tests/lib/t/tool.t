#!/usr/bin/perl
# Odr::Tool on a stand-in for odrbackup: results, JSON, time limits, and a sweep of faults that ends by itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/..";
use Test::More;
use Test::Builder::Tester;

use Odr::Tool;
use Odr::Work;

my $prefix = new_dir(work_path('prefix'), 0755);
new_dir("$prefix/bin", 0755);
write_file("$prefix/bin/odrbackup", <<'SH', 0755);
#!/bin/bash
case $1 in
say) echo "{\"said\": \"$2\", \"user\": \"$(id -un)\", \"zone\": \"$TZ\", \"pg\": \"$PGHOST\"}" ;;
fail) echo "odrbackup: it failed" >&2; exit 7 ;;
read) cat ;;
hang) sleep 60 & wait ;;
steps)
	IFS=: read -r point k action <<< "$ODR_FAULT"
	for ((i = 1; i <= 4; i++)); do
		if [ "$point" = step ] && [ "$i" = "$k" ]; then
			echo "$ODR_FAULT" >> "$ODR_FAULT_LOG"
			case $action in kill) kill -9 $$ ;; *) exit 1 ;; esac
		fi
	done
	;;
esac
SH
$ENV{ODR_PREFIX} = $prefix;
$ENV{PGHOST} = '/nowhere';

is_deeply(tool('say', 'hello')->json, { said => 'hello', user => user_name(), zone => 'UTC', pg => '' },
	'the tool runs as the ordinary user in a clean environment');
tool_fails(['fail'], 7, qr/^odrbackup: it failed$/m, 'status and message of a failure');
is(tool('read', { stdin => "in\n" })->out, "in\n", 'standard input');
ok(!eval { tool('hang', { timeout => 0.3 }); 1 }, 'a time limit dies');
like($@, qr/^not finished within 0.3 s: .*hang/, 'and names the command');

for my $action (qw(kill fail)) {
	my @seen;
	is(fault_sweep('steps', point => 'step', action => $action, command => ['steps'], check => sub { push @seen, $_[0] }),
		4, "each $action is met");
	is_deeply(\@seen, [1 .. 4], 'and checked after');
}

# A sweep that met no fault proves nothing, and says so.
test_out('not ok 1 - nothing: kill at each store.put (0 faults), then success');
test_test(title => 'a sweep without any fault fails', skip_err => 1)
  if defined fault_sweep('nothing', point => 'store.put', action => 'kill', command => ['steps']);

done_testing;
