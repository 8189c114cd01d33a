#!/usr/bin/env bash
# Trains one model on several ranks with Open MPI, on this machine or on those of a hostfile. Copy it, or use it as it is:
#
#     RANKS=2 tools/launch/mpirun.sh --recipe simclr-cifar10 --data cifar10:DIR --out runs/two
#     RANKS=8 HOSTFILE=hosts tools/launch/mpirun.sh --recipe simclr-cifar10 --data cifar10:DIR --out runs/eight
#
# hosts: one machine per line, with its number of ranks, such as "node1 slots=2". Program, data and --out must have the same paths
# on all of them, and ssh must reach them without a password.
#
# The same command goes on with a run that was stopped. To stop it with a checkpoint (exit code 75): `kill -USR1 PID`, where PID is
# this script's, which is also mpirun's. After Ctrl-C mpirun gives the ranks one second only, which may be too short.
set -euo pipefail
pretrain="${PRETRAIN:-build/cpu/bin/pretrain}"
ranks="${RANKS:-2}"
# A rank computes with the threads of one socket, next to its memory, and ranks on one socket share it equally: so no --threads here.
# More ranks than processors, or a machine that does not let processes be bound: BIND=none.
bind="${BIND:-socket}"

options=(-n "$ranks" --bind-to "$bind")
[ "$bind" = none ] || options+=(--map-by "$bind")
[ -z "${HOSTFILE:-}" ] || options+=(--hostfile "$HOSTFILE")
# exec: signals to this process are mpirun's, which hands SIGUSR1 on to all ranks; its exit code is that of the ranks.
exec mpirun "${options[@]}" "$pretrain" "$@" --resume auto
