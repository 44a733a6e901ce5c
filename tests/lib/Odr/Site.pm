# A small protected site, complete: a cluster, keys, a writer bundle, a posix repository, a configuration, archiving wired.
#
#   my $site = Odr::Site->new(version => 15)->create;
#   $site->cluster->pgbench_init(1);
#   $site->backup('a first backup');
#   my $restored = $site->recover('copy', '--type', 'time', '--target', $moment->{time});   # a running Odr::Cluster
#
# The command lines of the tool that a whole site needs stand in this file and nowhere else.
package Odr::Site;

use strict;
use warnings;

use Test::More ();

use Odr::Cluster;
use Odr::Tool ();
use Odr::Work;

# Options: version (15), name (site), service (erp-prod), recipients (1), cluster (hash for Odr::Cluster: wal_segsize,
# checksums, conf), sections (hash of section => hash of keys, merged into the configuration), archive (1), evidence (a key that
# signs evidence).
sub new {
	my ($class, %option) = @_;
	my $self = bless { version => 15, name => 'site', service => 'erp-prod', recipients => 1, archive => 1,
		cluster => {}, sections => {}, %option }, $class;
	$self->{cluster_options} = delete $self->{cluster};
	$self->{dir} = new_dir(work_path($self->{name}), 0700);
	$self->{conf} = "$self->{dir}/odrbackup.conf";
	$self->{repository} = "$self->{dir}/repository";
	return $self;
}

sub create {
	my ($self) = @_;
	$self->start_cluster;
	$self->write_conf;
	$self->make_keys;
	$self->init_repository;
	$self->start_archiving if $self->{archive};
	return $self;
}

sub cluster { return $_[0]{cluster} }
sub service { return $_[0]{service} }
sub conf { return $_[0]{conf} }
sub repository { return $_[0]{repository} }
sub path { my ($self, @parts) = @_; return join '/', $self->{dir}, @parts }
sub identity { return $_[0]->path('identity-' . ($_[1] // 1)) }
sub owner { return $_[0]->path('owner') }
sub bundle { return $_[0]->path('bundle') }

sub start_cluster {
	my ($self) = @_;
	my %option = %{ $self->{cluster_options} };
	my %setting = (archive_mode => 'on', archive_command => '', track_commit_timestamp => 'on', %{ delete $option{conf} // {} });
	$self->{cluster} = Odr::Cluster->new($self->{version}, "$self->{name}-pg", %option, conf => \%setting);
	$self->{cluster}->init->start;
}

# Writes the configuration; a value that is undef drops the key.
sub write_conf {
	my ($self, %sections) = @_;
	my %all = (
		odrbackup => { state => new_dir($self->path('state')), spool => new_dir($self->path('spool')),
			'writer-bundle' => $self->bundle, identity => $self->identity },
		'repository main' => { type => 'posix', path => $self->repository },
		# Most tests are of other parts, and the host is not theirs.
		"service $self->{service}" => { repositories => 'main', postgres => $self->cluster->conninfo, config => 'none',
			$self->{evidence} ? ('evidence-key' => $self->path('evidence')) : () },
	);
	for my $more ($self->{sections}, \%sections) {
		$all{$_} = { %{ $all{$_} // {} }, %{ $more->{$_} } } for keys %$more;
	}
	my $text = '';
	for my $section (sort keys %all) {
		$text .= "[$section]\n";
		$text .= "$_=$all{$section}{$_}\n" for grep { defined $all{$section}{$_} } sort keys %{ $all{$section} };
		$text .= "\n";
	}
	write_file($self->conf, $text, 0600);
	return $self;
}

sub _must {
	my ($self, @arguments) = @_;
	my $result = $self->tool(@arguments);
	$result->ok or die "cannot make the site '$self->{name}':\n" . $result->describe;
	return $result;
}

sub make_keys {
	my ($self) = @_;
	my @identities = map { $self->identity($_) } 1 .. $self->{recipients};
	$self->_must('key', 'new', 'owner', $self->owner, '--service', $self->service, '--unprotected');
	$self->_must('key', 'new', 'identity', $_, '--owner', $self->owner, '--unprotected') for @identities;
	$self->_must('key', 'endorse', $self->bundle, '--owner', $self->owner, '--role', 'writer',
		map { ('--recipient', "$_.pub") } @identities);
	$self->_must('key', 'new', 'evidence', $self->path('evidence'), '--owner', $self->owner, '--unprotected') if $self->{evidence};
	return $self;
}

sub init_repository {
	my ($self) = @_;
	$self->_must('init', $self->service, $self->{recipients} == 1 ? '--single-recipient' : ());
	return $self;
}

# The commands as PostgreSQL gets them.
sub archive_command {
	my ($self) = @_;
	return Odr::Tool::tool_path() . ' -c ' . $self->conf . ' archive-push --service ' . $self->service . ' %p';
}

sub restore_command {
	my ($self) = @_;
	return Odr::Tool::tool_path() . ' -c ' . $self->conf . ' archive-get --service ' . $self->service . ' %f %p';
}

sub start_archiving {
	my ($self) = @_;
	$self->cluster->set(archive_command => $self->archive_command)->reload;
	return $self;
}

# Any command of the tool with this site's configuration.
sub tool {
	my ($self, @arguments) = @_;
	return Odr::Tool::tool('-c', $self->conf, @arguments);
}

sub tool_start {
	my ($self, @arguments) = @_;
	return Odr::Tool::tool_start('-c', $self->conf, @arguments);
}

sub tool_ok {
	my ($self, $arguments, $name, $option) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Odr::Tool::tool_ok(['-c', $self->conf, @$arguments], $name // "@$arguments", $option);
}

sub tool_fails {
	my ($self, $arguments, $status, $message, $name, $option) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Odr::Tool::tool_fails(['-c', $self->conf, @$arguments], $status, $message, $name // "@$arguments", $option);
}

sub backup_arguments { return ('backup', $_[0]->service) }

sub restore_arguments {
	my ($self, $pgdata, @more) = @_;
	return ('restore', $self->service, '--pgdata', $pgdata, @more);
}

sub backup {
	my ($self, $name, $option) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return $self->tool_ok([$self->backup_arguments], $name // 'backup', $option);
}

# The document of a query: list, status, show ID ...
sub json {
	my ($self, @arguments) = @_;
	my $result = $self->tool(@arguments, '--json');
	$result->ok or die $result->describe;
	return $result->json;
}

# Restores into a new folder below the site; further arguments as the command takes them. Returns the folder.
sub restore {
	my ($self, $name, @arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $pgdata = $self->path($name);
	$self->tool_ok([$self->restore_arguments($pgdata, @arguments)], "restore @arguments");
	return $pgdata;
}

# Restores and starts the copy, and waits until it rests at its target, or is promoted where there is none or it is to be.
# Not for --target-action shutdown: start that with cluster->copy_at, try_start and wait_ended.
sub recover {
	my ($self, $name, @arguments) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $copy = $self->cluster->copy_at("$self->{name}-$name", $self->restore($name, @arguments));
	$copy->start(120);
	return $copy->poll_query('SELECT pg_is_in_recovery()', 't') if "@arguments" =~ /--type[= ]standby/;
	my $pauses = "@arguments" =~ /--type[= ](?:immediate|time|name|lsn|xid)/ && "@arguments" !~ /--target-action[= ]promote/;
	return $pauses ? $copy->wait_paused(120) : $copy->wait_promoted(120);
}

# Every listed set restores, starts and answers: the promise that faults are measured by. Returns how many there were.
sub ok_all_sets_restore {
	my ($self, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @sets = $self->set_ids;
	for my $id (@sets) {
		my $dir = 'all-' . ++$self->{restored};
		my $copy = $self->recover($dir, '--set', $id, '--type', 'immediate', '--target-action', 'promote');
		Test::More::is($copy->psql('SELECT 1'), '1', ($name // 'after a fault') . ": set $id restores and answers");
		$copy->stop('immediate');
		run_program(['rm', '-rf', $self->path($dir)]);
	}
	return scalar @sets;
}

sub set_ids {
	my ($self) = @_;
	return map { $_->{set} } @{ $self->json("list", $self->service)->{sets} };
}

1;
