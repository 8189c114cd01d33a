#!/usr/bin/env bash
# The examples of tools/launch with two real ranks: by mpirun, and as a job of a Slurm that is imitated here. $1: source tree,
# $2: pretrain.
set -euo pipefail
command -v mpirun >/dev/null || { echo "[skipped] no mpirun here: install openmpi-bin"; exit; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
  echo "$*"
  cat "$scratch/said"
  exit 1
}
launch="$1/tools/launch"
export PRETRAIN="$2" RANKS=2
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export ASAN_OPTIONS=detect_leaks=0 # Open MPI itself leaks
[ "$(nproc)" -gt 1 ] || export BIND=none
# Long enough to be stopped twice; the probe is tested only at the end.
run=(--recipe randbits-mnist --data digits: --batch-size 64 --steps 60 --log-every 1
  --eval-every 0 --plans off --tensorboard off --report off)

begun() { [ -s "$1/metrics.jsonl" ]; } # has the run done a step?
stops() { grep -c ': stopped after step ' "$1/train.log" || true; }
finished() { grep -q ' finished after step 60$' "$1/train.log"; }

# By mpirun: SIGUSR1 to the script stops all ranks with exit code 75, and the same command goes on.
by_mpirun="$scratch/mpirun"
"$launch/mpirun.sh" "${run[@]}" --out "$by_mpirun" >"$scratch/said" 2>&1 &
script=$!
until begun "$by_mpirun"; do
  kill -0 "$script" 2>/dev/null || fail "mpirun.sh: expected a run, and it ended"
  sleep 0.02
done
kill -USR1 "$script"
code=0
wait "$script" || code=$?
[ "$code" = 75 ] || fail "mpirun.sh: expected exit code 75 after SIGUSR1, got $code"
"$launch/mpirun.sh" "${run[@]}" --out "$by_mpirun" >"$scratch/said" 2>&1 || fail "mpirun.sh: expected the run to go on, got $?"
[ "$(stops "$by_mpirun")" = 1 ] && finished "$by_mpirun" || fail "mpirun.sh: expected a run that was stopped once and finished"
grep -q '"ranks": 2' "$by_mpirun/env.json" || fail "mpirun.sh: expected a run of 2 ranks"

# Slurm: srun starts the tasks of the job and, at the end of its time, sends them the signal that the script asks for; scontrol
# requeues it. The first two starts of a job are too short, and the third has time enough.
mkdir "$scratch/bin"
cat >"$scratch/bin/srun" <<'SRUN'
#!/usr/bin/env bash
case " $* " in *" --cpus-per-task=$SLURM_CPUS_PER_TASK "*) ;; *) echo "srun gives each task 1 processor: $*"; exit 1 ;; esac
while [[ $1 == --* ]]; do shift; done
starts=$SLURM_RESTART_COUNT
before=$(grep -c : "$RUN/metrics.jsonl" 2>/dev/null || true)
unset "${!SLURM_@}" # mpirun would ask Slurm
mpirun --bind-to none -n 2 "$@" &
if [ "$starts" -lt 2 ]; then
  until [ "$(grep -c : "$RUN/metrics.jsonl" 2>/dev/null || true)" -gt "${before:-0}" ]; do
    kill -0 $! 2>/dev/null || break
    sleep 0.02
  done
  kill -s "$SIGNAL" $!
fi
wait $!
SRUN
cat >"$scratch/bin/scontrol" <<'SCONTROL'
#!/bin/sh
echo "$*" >"$REQUEUED"
SCONTROL
chmod +x "$scratch"/bin/*
SIGNAL=$(sed -n 's/^#SBATCH --signal=\([A-Z0-9]*\)@[0-9]*$/\1/p' "$launch/slurm.sbatch")
export SIGNAL REQUEUED="$scratch/requeued" RUN="$scratch/slurm"

starts=0
slurm_job() { # the arguments of the script; sets `code` and `starts`
  starts=0
  while [ "$starts" -lt 5 ]; do
    rm -f "$REQUEUED"
    code=0
    PATH="$scratch/bin:$PATH" SLURM_JOB_ID=42 SLURM_RESTART_COUNT=$starts SLURM_CPUS_PER_TASK=3 \
      bash "$launch/slurm.sbatch" "$@" >"$scratch/said" 2>&1 || code=$?
    starts=$((starts + 1))
    [ -f "$REQUEUED" ] || break
    [ "$(cat "$REQUEUED")" = "requeue 42" ] || fail "slurm.sbatch: expected 'requeue 42', got '$(cat "$REQUEUED")'"
  done
}
slurm_job "${run[@]}" --out "$RUN" --threads 1
[ "$code" = 0 ] && [ "$starts" = 3 ] || fail "slurm.sbatch: expected 3 starts and code 0, got $starts and $code"
[ "$(stops "$RUN")" = 2 ] && finished "$RUN" || fail "slurm.sbatch: expected a run that was stopped twice and finished"

# An error would come again: the job ends with its code.
slurm_job "${run[@]}" --batch-size 33 --out "$scratch/refused"
[ "$code" = 2 ] && [ "$starts" = 1 ] || fail "slurm.sbatch: expected one start and code 2, got $starts and $code"
