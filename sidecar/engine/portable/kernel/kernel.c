// All of the kernel as one translation unit.
#include "convStack.c"
#include "mamba.c"
