#include <glib.h>
#include <stdio.h>
#include <unistd.h>

/* The big program lies beside this one in the build tree, and below ../libexec when installed. */
int main(int argc, char **argv)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = self ? g_path_get_dirname(self) : NULL;
	g_autofree char *beside =
		g_build_filename(directory ? directory : ".", "odrbackup-main", NULL);
	g_autofree char *installed = g_build_filename(directory ? directory : ".",
						      "../libexec/odrbackup/odrbackup-main", NULL);

	(void)argc;
	execv(beside, argv);
	execv(installed, argv);
	execv(ODR_PKGLIBEXECDIR "/odrbackup-main", argv);
	perror("odrbackup: cannot run odrbackup-main");
	return 126;
}
