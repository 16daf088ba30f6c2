#include "guard.h"
namespace ringpool {
void Guard::Attach(uint64_t begin, uint64_t end) { regions_.push_back({begin,end}); }
bool Guard::Allows(const abi::Sqe& sqe) const { return true; }
bool UsesRegisteredBuffer(const abi::Sqe& sqe) { return sqe.opcode == 4 || sqe.opcode == 5; }
}
