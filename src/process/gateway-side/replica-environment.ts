/** Passed to every replica: variables that programs, runtimes and libraries need, none of them secret. */
const ALLOWED = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'LANGUAGE', 'LC_*', 'TZ'],
  ...[
    'LD_LIBRARY_PATH',
    'LD_PRELOAD',
    'DYLD_LIBRARY_PATH',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
    'XDG_CACHE_HOME',
  ],
  ...[
    'NODE_ENV',
    'NODE_OPTIONS',
    'NODE_PATH',
    'NODE_EXTRA_CA_CERTS',
    'NODE_COMPILE_CACHE',
    'NODE_V8_COVERAGE',
  ],
  ...['UV_THREADPOOL_SIZE', 'MALLOC_*', 'OMP_*', 'KMP_*', 'MKL_*', 'OPENBLAS_*', 'ORT_*', 'ONNXRUNTIME_*'],
  ...['CUDA_*', 'NVIDIA_*', 'CUDNN_*', 'NCCL_*', 'ROCM_*', 'HIP_*', 'HSA_*'],
] as const;

const SECRET = /TOKEN|SECRET|PASSW|CREDENTIAL|(^|_)KEY(_|$)|APIKEY/i;
/** Settings and the admin token of the server. No setting passes them on. */
const OWN = /^GALLEY_/i;

/** The environment of a replica: the allowed variables of the gateway, and those that the settings name. */
export function replicaEnvironment(own: NodeJS.ProcessEnv, more: readonly string[] = []): NodeJS.ProcessEnv {
  const patterns = [...ALLOWED, ...more];
  const isAllowed = (name: string) =>
    patterns.some((pattern) =>
      pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) && !SECRET.test(name) : name === pattern,
    );
  return Object.fromEntries(Object.entries(own).filter(([name]) => !OWN.test(name) && isAllowed(name)));
}
