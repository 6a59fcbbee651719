// As much of libudev as Chromium uses, for a computer whose serial adapters are the files in
// $IAP_ADAPTERS: the name of a file is the adapter's, its lines KEY=VALUE are what udev knows of
// it. A file that is renamed to there is plugged in, one that is removed is pulled out. Whatever
// else a browser looks for (HID, input, memory cards) is not there.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SYSFS     "/sys/class/tty/"
#define SUBSYSTEM "tty"

struct udev_list_entry {
    struct udev_list_entry *next;
    char *name;
    char *value;
};

struct udev_device {
    char *syspath;
    const char *action;
    struct udev_list_entry *properties;
};

struct udev_enumerate {
    int for_others;
    struct udev_list_entry *found;
};

struct udev_monitor {
    int for_others;
    int fd;
};

/* Files and lists */

static const char *folder(void) {
    const char *path = getenv("IAP_ADAPTERS");
    return path ? path : "/nonexistent";
}

static int is_other(const char *subsystem) {
    return subsystem && strcmp(subsystem, SUBSYSTEM) != 0;
}

static void *must(void *memory) {
    if (!memory) {
        abort();
    }
    return memory;
}

static char *joined(const char *a, const char *b) {
    char *text;
    if (asprintf(&text, "%s%s", a, b) < 0) {
        abort();
    }
    return text;
}

static void push(struct udev_list_entry **list, char *name, char *value) {
    struct udev_list_entry *entry = must(malloc(sizeof *entry));
    *entry = (struct udev_list_entry){.next = *list, .name = name, .value = value};
    *list = entry;
}

static void drop(struct udev_list_entry *list) {
    while (list) {
        struct udev_list_entry *next = list->next;
        free(list->name);
        free(list->value);
        free(list);
        list = next;
    }
}

static struct udev_list_entry *properties_of(const char *adapter) {
    char *in_folder = joined("/", adapter);
    char *path = joined(folder(), in_folder);
    free(in_folder);
    FILE *file = fopen(path, "re");
    free(path);
    if (!file) {
        return NULL;
    }
    struct udev_list_entry *list = NULL;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *equals = strchr(line, '=');
        if (equals) {
            *equals = 0;
            push(&list, must(strdup(line)), must(strdup(equals + 1)));
        }
    }
    free(line);
    fclose(file);
    return list;
}

static struct udev_device *device(const char *adapter, const char *action) {
    struct udev_device *new = must(malloc(sizeof *new));
    *new = (struct udev_device){joined(SYSFS, adapter), action, properties_of(adapter)};
    return new;
}

/* The library itself */

void *udev_new(void) {
    return must(malloc(1));
}

void *udev_unref(void *udev) {
    free(udev);
    return NULL;
}

struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry) {
    return entry->next;
}

const char *udev_list_entry_get_name(struct udev_list_entry *entry) {
    return entry->name;
}

/* What is there */

struct udev_enumerate *udev_enumerate_new(void *udev) {
    return must(calloc(1, sizeof(struct udev_enumerate)));
}

int udev_enumerate_add_match_subsystem(struct udev_enumerate *all, const char *subsystem) {
    all->for_others |= is_other(subsystem);
    return 0;
}

int udev_enumerate_scan_devices(struct udev_enumerate *all) {
    DIR *files = all->for_others ? NULL : opendir(folder());
    if (!files) {
        return 0;
    }
    for (struct dirent *file = readdir(files); file; file = readdir(files)) {
        if (file->d_name[0] != '.') {
            push(&all->found, joined(SYSFS, file->d_name), NULL);
        }
    }
    closedir(files);
    return 0;
}

struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *all) {
    return all->found;
}

struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *all) {
    drop(all->found);
    free(all);
    return NULL;
}

/* What comes and goes */

struct udev_monitor *udev_monitor_new_from_netlink(void *udev, const char *source) {
    struct udev_monitor *monitor = must(calloc(1, sizeof *monitor));
    monitor->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return monitor;
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *monitor,
                                                    const char *subsystem, const char *type) {
    monitor->for_others |= is_other(subsystem);
    return 0;
}

int udev_monitor_enable_receiving(struct udev_monitor *monitor) {
    if (!monitor->for_others) {
        inotify_add_watch(monitor->fd, folder(), IN_MOVED_TO | IN_DELETE);
    }
    return 0;
}

int udev_monitor_get_fd(struct udev_monitor *monitor) {
    return monitor->fd;
}

struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor) {
    // One at a time, as libudev has them: the kernel gives as many events as there is room for, and
    // pads a name to 16 bytes.
    struct {
        struct inotify_event event;
        char name[16];
    } news;
    if (read(monitor->fd, &news, sizeof news) != (ssize_t)sizeof news) {
        return NULL;
    }
    return device(news.event.name, news.event.mask & IN_DELETE ? "remove" : "add");
}

struct udev_monitor *udev_monitor_unref(struct udev_monitor *monitor) {
    close(monitor->fd);
    free(monitor);
    return NULL;
}

/* One device */

struct udev_device *udev_device_new_from_syspath(void *udev, const char *path) {
    size_t prefix = strlen(SYSFS);
    return strncmp(path, SYSFS, prefix) == 0 ? device(path + prefix, "add") : NULL;
}

struct udev_device *udev_device_new_from_subsystem_sysname(void *udev, const char *subsystem,
                                                           const char *name) {
    return is_other(subsystem) ? NULL : device(name, "add");
}

struct udev_device *udev_device_new_from_devnum(void *udev, char type, unsigned long number) {
    return NULL;
}

struct udev_device *udev_device_unref(struct udev_device *device) {
    drop(device->properties);
    free(device->syspath);
    free(device);
    return NULL;
}

struct udev_list_entry *udev_device_get_properties_list_entry(struct udev_device *device) {
    return device->properties;
}

const char *udev_device_get_property_value(struct udev_device *device, const char *name) {
    for (struct udev_list_entry *one = device->properties; one; one = one->next) {
        if (strcmp(one->name, name) == 0) {
            return one->value;
        }
    }
    return NULL;
}

const char *udev_device_get_action(struct udev_device *device) {
    return device->action;
}

const char *udev_device_get_devnode(struct udev_device *device) {
    return udev_device_get_property_value(device, "DEVNAME");
}

const char *udev_device_get_subsystem(struct udev_device *device) {
    return SUBSYSTEM;
}

const char *udev_device_get_syspath(struct udev_device *device) {
    return device->syspath;
}

const char *udev_device_get_sysname(struct udev_device *device) {
    return device->syspath + strlen(SYSFS);
}

/* Adapters have no parents, attributes, types and drivers here. */

const char *udev_device_get_sysattr_value(struct udev_device *device, const char *name) {
    return NULL;
}

const char *udev_device_get_devtype(struct udev_device *device) {
    return NULL;
}

const char *udev_device_get_driver(struct udev_device *device) {
    return NULL;
}

struct udev_device *udev_device_get_parent(struct udev_device *device) {
    return NULL;
}

struct udev_device *udev_device_get_parent_with_subsystem_devtype(struct udev_device *device,
                                                                  const char *subsystem,
                                                                  const char *type) {
    return NULL;
}
