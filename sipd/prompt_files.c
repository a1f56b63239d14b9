/*
 * A process of its own reads the files, and is gone right after: what their format makes a library do happens to nobody else.
 */
#include "sipd/prompt_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/err.h"
#include "sipd/boot.h"
#include "sipd/prompts.h"
#include "sipd/resample.h"

enum { CHANNELS_MAX = 16 };

struct loading {
	const char	*folder, *language;
	int		 to;
	size_t		 n;		/* prompts so far */
	bool		 has_language;
	char		*why;
	size_t		 size;
};

static int __attribute__((format(printf, 3, 4)))
fault(struct loading *l, const char *path, const char *fmt, ...)
{
	va_list	ap;
	int	n = snprintf(l->why, l->size, "%s: ", path);

	va_start(ap, fmt);
	if (n > 0 && (size_t)n < l->size)
		(void)vsnprintf(l->why + n, l->size - (size_t)n, fmt, ap);
	va_end(ap);
	return ERR_INVALID;
}

/* All frames, the channels of each as one; NULL: no memory, or the file ends too soon. */
static float *
read_frames(SNDFILE *file, const SF_INFO *info)
{
	size_t	 frames = (size_t)info->frames, channels = (size_t)info->channels;
	float	*all = calloc(frames, sizeof *all), frame[CHANNELS_MAX];

	for (size_t i = 0; all != NULL && i < frames; i++) {
		if (sf_readf_float(file, frame, 1) != 1) {
			free(all);
			return NULL;
		}
		for (size_t c = 0; c < channels; c++)
			all[i] += frame[c] / (float)channels;
	}
	return all;
}

static int
write_all(int fd, const void *bytes, size_t n)
{
	for (const char *p = bytes; n > 0;) {
		ssize_t	done = write(fd, p, n);

		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int
write_prompt(struct loading *l, const char *language, const char *name, const int16_t *samples, uint32_t n)
{
	char	head[LANGUAGE + PROMPT_NAME] = "";
	int	rc;

	(void)snprintf(head, LANGUAGE, "%s", language);
	(void)snprintf(head + LANGUAGE, PROMPT_NAME, "%s", name);
	if ((rc = write_all(l->to, head, sizeof head)) != 0 || (rc = write_all(l->to, &n, sizeof n)) != 0)
		return rc;
	return write_all(l->to, samples, n * sizeof *samples);
}

static int
convert(struct loading *l, SNDFILE *file, const SF_INFO *info, const char *language, const char *name, const char *path)
{
	float	*in = read_frames(file, info);
	size_t	 n = resample_length((size_t)info->frames, (unsigned)info->samplerate, PROMPT_RATE);
	int16_t	*out = calloc(n, sizeof *out);
	int	 rc = in == NULL || out == NULL ? fault(l, path, "ends before its end, or there is no memory for it") : 0;

	if (rc == 0) {
		resample(in, (size_t)info->frames, (unsigned)info->samplerate, PROMPT_RATE, out);
		if ((rc = write_prompt(l, language, name, out, (uint32_t)n)) != 0)
			rc = fault(l, path, "%s", err_text(rc));
	}
	free(in);
	free(out);
	return rc;
}

/* What libsndfile says of itself ends with a dot or not, as it likes. */
static int
refuse(struct loading *l, const char *path, const char *said)
{
	return fault(l, path, "is no recording that can be read: %.*s", (int)strcspn(said, ".\n"), said);
}

static int
load_file(struct loading *l, int fd, const char *language, const char *name, const char *path)
{
	SF_INFO	 info = { .format = 0 };
	SNDFILE	*file = sf_open_fd(fd, SFM_READ, &info, SF_FALSE);
	int	 rc;

	if (file == NULL)
		return refuse(l, path, sf_strerror(NULL));
	if (info.samplerate < RESAMPLE_RATE_MIN || info.samplerate > RESAMPLE_RATE_MAX)
		rc = fault(l, path, "has %d samples a second; from %d to %d can be used", info.samplerate, RESAMPLE_RATE_MIN, RESAMPLE_RATE_MAX);
	else if (info.channels < 1 || info.channels > CHANNELS_MAX)
		rc = fault(l, path, "has %d channels; one is heard, at most %d can be made one", info.channels, CHANNELS_MAX);
	else if (info.frames > (sf_count_t)info.samplerate * PROMPT_SECONDS)
		rc = fault(l, path, "is longer than %d seconds", PROMPT_SECONDS);
	else if (info.frames < info.samplerate / 10)
		rc = fault(l, path, "is shorter than a tenth of a second");
	else if (l->n == PROMPTS_MAX)
		rc = fault(l, path, "is one too many: %d can be used", PROMPTS_MAX);
	else
		rc = convert(l, file, &info, language, name, path);
	(void)sf_close(file);
	l->n++;
	return rc;
}

static int
load_name(struct loading *l, const char *language, const char *name)
{
	char		path[PATH_MAX];
	struct stat	st;
	int		fd, rc;

	(void)snprintf(path, sizeof path, "%s/%s/%s.wav", l->folder, language, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : fault(l, path, "%s", err_text(-errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = fault(l, path, "is no file");
	else
		rc = load_file(l, fd, language, name, path);
	close(fd);
	l->has_language |= strcmp(language, l->language) == 0;
	return rc;
}

static int
load_folder(struct loading *l)
{
	struct dirent	**entries;
	int		  n = scandir(l->folder, &entries, NULL, alphasort), rc = 0;

	if (n < 0)
		return fault(l, l->folder, "%s", err_text(-errno));
	for (int i = 0; i < n; i++) {
		for (size_t j = 0; rc == 0 && language_is_tag(entries[i]->d_name) && j < n_prompt_names; j++)
			rc = load_name(l, entries[i]->d_name, prompt_names[j]);
		free(entries[i]);
	}
	free(entries);
	if (rc == 0 && !l->has_language)
		return fault(l, l->folder, "holds no %s/%s.wav", l->language, prompt_names[0]);
	return rc;
}

/* In a process of its own.  What went wrong goes into the pipe. */
static int
load_apart(struct loading *l, int say)
{
	int	rc = load_folder(l);

	if (rc != 0)
		(void)write_all(say, l->why, strlen(l->why));
	return rc;
}

static int
wait_for(pid_t pid, int hear, char *why, size_t size)
{
	ssize_t	n = read(hear, why, size - 1);
	int	status = -1;

	why[n > 0 ? n : 0] = '\0';
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (status == 0)
		return 0;
	if (n <= 0)
		(void)snprintf(why, size, "the prompts could not be read");
	return ERR_INVALID;
}

int
prompt_files_load(const char *folder, const char *language, int *memfd, char *why, size_t size)
{
	struct loading	l = { .folder = folder, .language = language, .to = memfd_create("prompts", MFD_CLOEXEC | MFD_ALLOW_SEALING),
		.why = why, .size = size };
	int		ends[2] = { -1, -1 }, rc = l.to < 0 || pipe2(ends, O_CLOEXEC) != 0 ? -errno : 0;
	pid_t		pid = rc != 0 ? -1 : fork();

	if (pid == 0)
		_exit(load_apart(&l, ends[1]) != 0);
	if (rc == 0 && pid < 0)
		rc = -errno;
	if (ends[1] >= 0)
		close(ends[1]);
	if (rc != 0)
		(void)snprintf(why, size, "%s: %s", folder, err_text(rc));
	else if ((rc = wait_for(pid, ends[0], why, size)) == 0 && (rc = boot_seal(l.to)) != 0)
		(void)snprintf(why, size, "%s: %s", folder, err_text(rc));
	if (ends[0] >= 0)
		close(ends[0]);
	if (rc == 0)
		*memfd = l.to;
	else if (l.to >= 0)
		close(l.to);
	return rc;
}
