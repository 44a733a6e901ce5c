# Where a test works, as whom it runs programs, and how it waits for them.
#
# tests/run hands these over; a test run by hand makes what is missing:
#   ODR_WORK    the one folder below which everything lies, mode 0711; default: a new one below TMPDIR, removed at the end
#   ODR_USER    the ordinary user who runs servers and the tool; default: postgres or nobody for root, else oneself
#   ODR_SRC     the checkout; default: the one this file belongs to
#   ODR_PREFIX  where the tool is installed, bin/odrbackup below it
#   ODR_SHARED  data that is not part of the project, such as real Odoo databases; default: ../shared beside the checkout, or
#               ../../shared where the checkout is one of several in a folder
#   ODR_FULL    set: also the long variants of tests
#   ODR_KEEP    set: a folder made by a test run by hand is kept
package Odr::Work;

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use File::Basename qw(basename);
use File::Path ();
use File::Temp ();
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
	work_dir work_path new_dir write_file append_file read_file user_name give as_user
	run_program start_program poll_until full_run source_path shared_path socket_dir
);

my $owner = $$;
my ($root, $own_root, $test_dir);
my $socket_count = 0;
my @at_end;
our %unfinished; # programs by process id

# Signals end a test through END blocks, so that servers are stopped.
$SIG{$_} = sub { exit 128 + ($_[0] eq 'INT' ? 2 : 15) } for qw(INT TERM);

# Runs CODE when the test ends, however it ends; last registered, first run; never in a forked child.
sub at_end {
	my ($code) = @_;
	push @at_end, $code;
}

sub source_path {
	my (@parts) = @_;
	my $source = $ENV{ODR_SRC} // Cwd::realpath(__FILE__ =~ s{[^/]+$}{}r . '../../..');
	return join '/', $source, @parts;
}

# A file of the shared data, or nothing: the test is skipped then, with what it needs as the reason.
sub shared_path {
	my ($name) = @_;
	my @folders = $ENV{ODR_SHARED} // map { source_path("$_/shared") } '..', '../..';
	return (grep { -r } map { "$_/$name" } @folders)[0];
}

sub full_run { return !!$ENV{ODR_FULL} }

sub user_name {
	return $ENV{ODR_USER} if defined $ENV{ODR_USER};
	return scalar getpwuid $> if $> != 0;
	return defined getpwnam('postgres') ? 'postgres' : 'nobody';
}

# The folder of this test: below ODR_WORK, owned by the ordinary user, new each time.
sub work_dir {
	return $test_dir if defined $test_dir;
	if (!defined $ENV{ODR_WORK}) {
		$own_root = File::Temp::tempdir('odrbackup.XXXXXX', DIR => $ENV{TMPDIR} // '/tmp');
		chmod 0711, $own_root;
		$ENV{ODR_WORK} = $own_root;
	}
	$root = $ENV{ODR_WORK};
	my $name = basename($0) =~ s/\.t$//r =~ s/[^\w-]/-/gr;
	$test_dir = File::Temp::tempdir("$name.XXXX", DIR => $root);
	chmod 0755, $test_dir;
	give($test_dir);
	return $test_dir;
}

sub work_path { return join '/', work_dir(), @_ }

# Hands paths to the ordinary user.
sub give {
	my (@paths) = @_;
	return if $> != 0;
	my ($uid, $gid) = (getpwnam user_name())[2, 3];
	defined $uid or die 'no user ' . user_name() . "\n";
	chown $uid, $gid, @paths;
}

sub new_dir {
	my ($path, $mode) = @_;
	File::Path::make_path($path);
	chmod $mode // 0700, $path;
	give($path);
	return $path;
}

# A new, short folder for a server's socket: Linux has 107 bytes for its whole path.
sub socket_dir {
	work_dir();
	my $all = "$root/s";
	mkdir $all, 0711;
	my $dir = new_dir(sprintf('%s/%d.%d', $all, $owner, ++$socket_count), 0700);
	length("$dir/.s.PGSQL.5432") <= 107
	  or die "'$dir' is too long for a socket: set TMPDIR to a shorter path\n";
	at_end(sub { File::Path::remove_tree($dir) });
	return $dir;
}

sub write_file {
	my ($path, $text, $mode) = @_;
	open my $file, '>', $path or die "cannot write '$path': $!\n";
	print $file $text;
	close $file or die "cannot write '$path': $!\n";
	chmod $mode, $path if defined $mode;
	give($path);
	return $path;
}

sub append_file {
	my ($path, $text) = @_;
	open my $file, '>>', $path or die "cannot write '$path': $!\n";
	print $file $text;
	close $file or die "cannot write '$path': $!\n";
	give($path);
}

sub read_file {
	my ($path) = @_;
	open my $file, '<', $path or die "cannot read '$path': $!\n";
	local $/ = undef;
	return scalar(<$file>) // '';
}

# The argument vector that runs COMMAND as an ordinary user in the environment every program gets.
sub as_user {
	my ($user, @command) = @_;
	my @environment = ('env', 'LC_ALL=C.UTF-8', 'TZ=UTC');
	return (@environment, @command) if $> != 0 || $user eq 'root';
	push @environment, 'HOME=' . work_dir();
	return ('setpriv', "--reuid=$user", '--regid=' . (getpwnam $user)[3], '--clear-groups', @environment, @command);
}

# Starts a program in a process group of its own; options: stdin (text), env (hash), user, cwd, out (file for both streams),
# under (the words of a command of root's that runs it).
sub start_program {
	my ($command, %option) = @_;
	my $dir = File::Temp::tempdir('run.XXXXXX', DIR => work_dir());
	chmod 0755, $dir;
	write_file("$dir/stdin", $option{stdin} // '', 0644);
	my $self = bless { pid => undef, out_file => $option{out} // "$dir/stdout",
		err_file => $option{out} // "$dir/stderr", dir => $dir, command => $command, started => time }, 'Odr::Work::Program';
	my @vector = (@{ $option{under} // [] }, as_user($option{user} // user_name(), @$command));

	$self->{pid} = fork // die "cannot fork: $!\n";
	if ($self->{pid} == 0) {
		POSIX::setpgid(0, 0);
		$SIG{$_} = 'DEFAULT' for qw(INT TERM ALRM PIPE);
		%ENV = (%ENV, %{ $option{env} // {} });
		delete $ENV{$_} for grep { /^PG/ && !exists $option{env}{$_} } keys %ENV;
		(chdir($option{cwd} // work_dir())
			&& open(STDIN, '<', "$dir/stdin") && open(STDOUT, '>>', $self->{out_file})
			&& open(STDERR, '>>', $self->{err_file})) or POSIX::_exit(127);
		{ no warnings 'exec'; exec { $vector[0] } @vector; }
		print STDERR "cannot run $vector[0]: $!\n";
		POSIX::_exit(127);
	}
	POSIX::setpgid($self->{pid}, $self->{pid});
	$unfinished{ $self->{pid} } = $self;
	return $self;
}

# Runs a program to its end. Result: status, signal, out, err, seconds. Dies when it takes longer than timeout (60 s).
sub run_program {
	my ($command, %option) = @_;
	return start_program($command, %option)->wait($option{timeout} // 60);
}

# Calls CODE every few milliseconds until it returns something true, which is returned; dies after TIMEOUT seconds.
sub poll_until {
	my ($what, $code, $timeout, $explain) = @_;
	$timeout //= 60;
	my $end = time + $timeout;
	while (1) {
		my $result = $code->();
		return $result if $result;
		last if time >= $end;
		sleep 0.03;
	}
	die "not within $timeout s: $what" . ($explain ? "\n" . $explain->() : '') . "\n";
}

END {
	if ($$ == $owner) {
		my $status = $?;
		local $@;
		$_->kill_all for values %unfinished;
		while (my $code = pop @at_end) {
			eval { $code->(); 1 } or warn $@;
		}
		# What a failed test leaves is for tests/run --keep.
		chdir '/';
		File::Path::remove_tree($test_dir) if defined $test_dir && $status == 0;
		File::Path::remove_tree($own_root) if defined $own_root && !$ENV{ODR_KEEP};
		$? = $status;
	}
}

package Odr::Work::Program;

use Time::HiRes qw(sleep time);

sub pid { return $_[0]{pid} }

sub signal {
	my ($self, $name) = @_;
	return kill $name, $self->{pid};
}

# Everything of the program's process group.
sub kill_all {
	my ($self) = @_;
	return if $self->{done};
	kill 'KILL', -$self->{pid};
	$self->_reap(0);
}

sub running {
	my ($self) = @_;
	return !$self->{done} && !$self->_reap(POSIX::WNOHANG());
}

sub _reap {
	my ($self, $flags) = @_;
	return 0 if waitpid($self->{pid}, $flags) != $self->{pid};
	@$self{qw(status signal)} = ($? >> 8, $? & 127);
	$self->{seconds} = time - $self->{started};
	delete $Odr::Work::unfinished{ $self->{pid} };
	return $self->{done} = 1;
}

sub wait {
	my ($self, $timeout) = @_;
	$timeout //= 60;
	my $in_time = $self->{done} || eval {
		local $SIG{ALRM} = sub { die "timeout\n" };
		Time::HiRes::alarm($timeout);
		my $reaped = $self->_reap(0);
		Time::HiRes::alarm(0);
		$reaped;
	};
	if (!$in_time) {
		$self->kill_all;
		die "not finished within $timeout s: @{ $self->{command} }\n" . $self->_output;
	}
	$self->{out} = Odr::Work::read_file($self->{out_file});
	$self->{err} = Odr::Work::read_file($self->{err_file});
	File::Path::remove_tree($self->{dir});
	return $self;
}

sub _output {
	my ($self) = @_;
	return join '', map { Odr::Work::read_file($_) } grep { -e } $self->{out_file}, $self->{err_file};
}

sub status { return $_[0]{status} }
sub died_of { return $_[0]{signal} }
sub seconds { return $_[0]{seconds} }
sub out { return $_[0]{out} }
sub err { return $_[0]{err} }
sub ok { return $_[0]{status} == 0 && $_[0]{signal} == 0 }

1;
