# Runs odrbackup as a user would, and says what came of it.
#
#   my $result = tool('list', '--json', { timeout => 20 });        # ->status ->died_of ->out ->err ->seconds ->json
#   tool_ok(['backup', 'erp'], 'a backup succeeds');
#   tool_fails(['backup', 'nope'], 2, qr/^odrbackup: there is no service 'nope'/m, 'an unknown service is named');
#
# A last hash holds options: stdin, env, timeout (120 s), user, cwd. Everything but the tool's own output dies loudly.
package Odr::Tool;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use Test::More;

use Odr::Work;

our @EXPORT = qw(tool tool_path tool_start tool_ok tool_fails fault_sweep decode_json json_lines);

my $json = JSON::PP->new->utf8;

sub tool_path {
	my $prefix = $ENV{ODR_PREFIX} // die "ODR_PREFIX is not set: where is odrbackup installed?\n";
	my $path = "$prefix/bin/odrbackup";
	-x $path or die "there is no '$path'\n";
	return $path;
}

sub _options {
	my ($arguments) = @_;
	return ref $arguments->[-1] eq 'HASH' ? %{ pop @$arguments } : ();
}

# Starts the tool in the background: ->signal('TERM'), ->running, ->wait(timeout).
sub tool_start {
	my (@arguments) = @_;
	my %option = _options(\@arguments);
	my $program = start_program([tool_path(), @arguments], %option);
	return bless $program, 'Odr::Tool::Result';
}

sub tool {
	my (@arguments) = @_;
	my %option = _options(\@arguments);
	return tool_start(@arguments, \%option)->wait($option{timeout} // 120);
}

sub _test {
	my ($ok, $result, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 2;
	ok($ok, $name) or diag $result->describe;
	return $result;
}

sub tool_ok {
	my ($arguments, $name, $option) = @_;
	my $result = tool(@$arguments, $option // {});
	return _test($result->ok, $result, $name // "@$arguments");
}

# The status is exact, the message (a pattern, or a string that is contained) is on stderr.
sub tool_fails {
	my ($arguments, $status, $message, $name, $option) = @_;
	my $result = tool(@$arguments, $option // {});
	my $said = ref $message ? $result->err =~ $message : index($result->err, $message) >= 0;
	return _test($result->died_of == 0 && $result->status == $status && $said,
		$result->expected("status $status, message $message"), $name // "@$arguments");
}

sub decode_json { return $json->decode($_[0]) }

# One document per line.
sub json_lines { return map { $json->decode($_) } grep { /\S/ } split /\n/, $_[0] }

# Faults by contract with a tool built with --enable-fault-injection or --enable-sanitizers: ODR_FAULT=<point>:<k>:<action>
# makes the k-th passing of a point fail, and a line in the file ODR_FAULT_LOG says that it did.
my %points = map { $_ => 1 } qw(store.put store.get store.list store.delete file.open file.read file.write file.fsync file.rename step);
my %actions = map { $_ => 1 } qw(fail kill nospace stop);

# Runs a command with a fault at k = 1, 2, ... until it ends without meeting the fault, which must then have succeeded.
#   fault_sweep('backup', point => 'store.put', action => 'kill',
#       run => sub { my ($options) = @_; tool('backup', 'erp', $options) },    # or: command => ['backup', 'erp']
#       check => sub { my ($k, $result) = @_; ... });                          # after each fault
# Further options: before (CODE, gets k), first (1), stride (1), most (1000). Returns the number of faults that happened.
# Without a fault at the first k the tool was not built for it, and the sweep fails: it would prove nothing.
sub fault_sweep {
	my ($name, %option) = @_;
	my ($point, $action) = @option{qw(point action)};
	$points{$point} or die "unknown fault point '$point'\n";
	$actions{$action} or die "unknown fault action '$action'\n";
	my $run = $option{run} // sub { tool(@{ $option{command} }, $_[0]) };
	my $log = work_path("fault-$point-$action.log");
	my $faults = 0;

	for (my $k = $option{first} // 1; $k <= ($option{most} // 1000); $k += $option{stride} // 1) {
		$option{before}->($k) if $option{before};
		write_file($log, '', 0666);
		my $result = $run->({ env => { ODR_FAULT => "$point:$k:$action", ODR_FAULT_LOG => $log } });
		if (!-s $log) {
			_test($faults > 0 && $result->ok,
				$result->expected($faults ? 'success without a fault' : "a fault at $point, number $k"),
				"$name: $action at each $point ($faults faults), then success");
			return $faults;
		}
		$faults++;
		my $signal = $action eq 'kill' ? 9 : 0;
		_test(0, $result->expected($signal ? "death of signal $signal" : 'an exit'), "$name: $action at $point $k")
		  if $result->died_of != $signal;
		$option{check}->($k, $result) if $option{check};
	}
	fail("$name: $action at $point: still not through after $faults faults");
	return $faults;
}

package Odr::Tool::Result;

our @ISA = ('Odr::Work::Program');

sub json { return Odr::Tool::decode_json($_[0]->out) }
sub json_lines { return Odr::Tool::json_lines($_[0]->out) }

sub expected {
	my ($self, $what) = @_;
	$self->{expected} = $what;
	return $self;
}

sub describe {
	my ($self) = @_;
	my $expected = defined $self->{expected} ? "expected: $self->{expected}\n" : '';
	my $end = $self->died_of ? 'signal ' . $self->died_of : 'status ' . $self->status;
	return "command: @{ $self->{command} }\n${expected}ended: $end\nstdout:\n" . $self->out . "stderr:\n" . $self->err;
}

1;
