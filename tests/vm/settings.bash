# SPDX-License-Identifier: MIT
# Shared by the scripts of this directory.

# Kernels, and builds made by run.sh itself, are kept here between runs.
: "${NSX_VM_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/nsx-vm}"
export NSX_VM_CACHE
