// SPDX-License-Identifier: MIT
#pragma once
// Steps without shared state, of one or a few system calls. carry_out.cc contains the others.

#include <nsx/plan.hh>

namespace nsx {

// perform_process.cc
Status perform(const step::BecomeOwner& s);
Status perform(const step::JoinNamespace& s);
Status perform(const step::Unshare& s);
Status perform(const step::SetHostname& s);
Status perform(const step::BringUpLoopback& s);

// perform_mounts.cc
Status perform(const step::SetPropagation& s);
Status perform(const step::ChangeRoot& s);
Status perform(const step::ChangeDirectory& s);
Status perform(const step::MountProc& s, int proc);  ///< from before entering
Status perform(const step::MountBinfmt& s);
Status perform(const step::LoadInterpreter& s);

// perform_mounts.cc
Status perform(const step::MountSys& s, int proc);  ///< from before entering
Status perform(const step::BindOver& s);
Status perform(const step::MaskSockets& s);

// perform_process.cc
Status perform(const step::Hide& s);
Status perform(const step::JoinCgroup& s);
Status perform(const step::DropGroups& s);
Status perform(const step::SetIds& s);
Status perform(const step::KeepCapabilities& s);
Status perform(const step::LimitPrivileges& s);
Status perform(const step::SetOomScore& s);
Status perform(const step::SetEnvironment& s);
Status perform(const step::SetVariables& s);
Status perform(const step::SetSecurityContext& s);
Status perform(const step::Execute& s);

// resource_limits.cc
Status perform(const step::SetResourceLimits& s);

}  // namespace nsx
