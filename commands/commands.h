/* The program's commands: each takes its own arguments (argv[0] is its
 * name) and returns the exit status. */
#ifndef COMMANDS_COMMANDS_H
#define COMMANDS_COMMANDS_H

int command_serve(int argc, char **argv);
int command_migrate(int argc, char **argv);
int command_key(int argc, char **argv);
int command_erase(int argc, char **argv);
int command_log_key(int argc, char **argv);
int command_seal(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_monitor(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_version(int argc, char **argv);
int command_help(int argc, char **argv);

#define BREAKWATER_VERSION "0.3.0"
#include "commands/build.def"                 /* BREAKWATER_BUILD: the commit it was built from */

#endif
