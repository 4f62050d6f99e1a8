#include "bench/loadgen/run.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "bench/loadgen/flusher.h"
#include "bench/loadgen/worker.h"

namespace larder::bench {

namespace {

using Workers = std::vector<std::unique_ptr<Worker>>;

void for_all(Workers& workers, const std::function<void(Worker&, std::size_t)>& work) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    threads.emplace_back([&workers, &work, i] { work(*workers[i], i); });
  }
  for (std::thread& thread : threads) thread.join();
}

Totals sum(const Workers& workers) {
  Totals totals;
  for (const auto& worker : workers) totals.merge(worker->totals());
  return totals;
}

Phase measured_phase(const Options& options, std::size_t worker, std::uint64_t start_ns) {
  Phase phase;
  if (options.seconds > 0) {
    phase.end_ns = start_ns + static_cast<std::uint64_t>(options.seconds * 1e9);
  }
  if (options.requests != 0) {
    const std::uint64_t rest = options.requests % options.threads;
    phase.requests = options.requests / options.threads + (worker < rest ? 1 : 0);
  }
  if (options.rate != 0) {
    const double batch_ns = 1e9 * options.pipeline / static_cast<double>(options.rate);
    phase.interval_ns =
        std::max(std::uint64_t{1}, static_cast<std::uint64_t>(batch_ns * options.threads));
    // Workers take turns, so that the load is even over all of them too.
    phase.first_due_ns =
        start_ns + static_cast<std::uint64_t>(batch_ns * static_cast<double>(worker));
  }
  return phase;
}

/// Runs `work` between two readings of clocks and processes.
void measure(const Options& options, Outcome& outcome,
             const std::function<void(std::uint64_t)>& work) {
  if (options.server_pid != 0) outcome.server_before = read_process_stats(options.server_pid);
  const std::uint64_t cpu_before = own_cpu_ns();
  const std::uint64_t start_ns = now_ns();
  work(start_ns);
  outcome.elapsed_ns = now_ns() - start_ns;
  outcome.client_cpu_ns = own_cpu_ns() - cpu_before;
  if (options.server_pid != 0) outcome.server_after = read_process_stats(options.server_pid);
}

/// The measured part, with flushes in between when they are asked for.
void run_measured(const Scene& scene, Workers& workers, Flusher* flusher, Outcome& outcome) {
  measure(scene.options, outcome, [&](std::uint64_t start_ns) {
    std::thread flushing;
    if (flusher != nullptr) flushing = std::thread([flusher] { flusher->run(); });
    for_all(workers, [&](Worker& worker, std::size_t i) {
      worker.run(measured_phase(scene.options, i, start_ns));
    });
    if (flusher != nullptr) {
      flusher->stop();
      flushing.join();
    }
  });
}

void run_prefill(Workers& workers) {
  Phase phase;
  phase.prefill = true;
  for_all(workers, [&phase](Worker& worker, std::size_t) { worker.run(phase); });
}

bool failed(const Totals& totals) { return totals.protocol_errors != 0; }

/// What went wrong before the measured part counts; its operations do not.
Totals problems_only(const Totals& totals) {
  Totals problems;
  problems.errors = totals.errors;
  problems.protocol_errors = totals.protocol_errors;
  problems.wrong_values = totals.wrong_values;
  problems.first_problem = totals.first_problem;
  return problems;
}

}  // namespace

Outcome run_load(const Options& options) {
  const KeyNames keys(options.key_prefix, options.key_bytes, options.keys);
  const ValueMaker values(options.value_lengths, hash_text(options.key_prefix));
  FlushEpochs epochs;
  const Scene scene{options, keys, values, epochs};
  std::atomic<bool> stop{false};
  Outcome outcome;

  Workers workers;
  for (std::uint32_t i = 0; i < options.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(scene, i, stop));
    if (!workers.back()->open()) {
      outcome.totals = sum(workers);
      return outcome;
    }
  }
  std::optional<Flusher> flusher;
  if (options.flush_every_seconds > 0) {
    flusher.emplace(scene, options.flush_every_seconds);
    if (!flusher->open()) {
      outcome.totals = flusher->totals();
      return outcome;
    }
  }

  const bool prefill_only = options.seconds == 0 && options.requests == 0;
  if (prefill_only) {
    measure(options, outcome, [&workers](std::uint64_t) { run_prefill(workers); });
    outcome.totals = sum(workers);
    return outcome;
  }
  Totals before;
  if (options.prefill) {
    run_prefill(workers);
    before = problems_only(sum(workers));
    for (const auto& worker : workers) worker->reset_totals();
  }
  if (!failed(before)) run_measured(scene, workers, flusher ? &*flusher : nullptr, outcome);
  outcome.totals = before;
  outcome.totals.merge(sum(workers));
  if (flusher) outcome.totals.merge(flusher->totals());
  outcome.flushes = epochs.answered.load();
  return outcome;
}

}  // namespace larder::bench
