/* folder.h - the folder of the embedded store, and the lock that keeps a second server out.
 *
 * Two writers would undo each other's memory of the seats, so a folder has one owner: the
 * lock is the kernel's and ends with the process, however it ends.
 *
 * Shape:  `usher.db` and what SQLite keeps beside it; `usher.lock` with the owner's pid.
 * Errors: ERROR_STORE_UNAVAILABLE, with a sentence that says why.
 * Thread: any; the lock is the process's.
 */
#pragma once

#include "store/sqlite/database.h"

#define FOLDER_LOCK_NAME "usher.lock"

struct folder {
    int lock; /* A file descriptor, plus 1; 0: not open. */
    char database_path[DATABASE_PATH_SIZE];
};

/* The path of the store's file in a folder; false if it is too long. */
MUST_USE bool folder_database_path(const char *folder, char ret_path[DATABASE_PATH_SIZE]);

/* Makes the folder (0700) if it is not there, and locks it. */
MUST_USE enum error folder_open(const char *path, struct folder *ret_folder,
                                struct database_reason *ret_reason);

/* Gives the lock back. Accepts an empty folder. */
void folder_close(struct folder *folder);
