/** `mishkah-client/testing`: what the tests of a page need instead of a browser, a network and a branch server. */
export { TestBranch, type TestBranchOptions } from './test-branch.ts'
export { settle, TestClock } from './test-clock.ts'
export { TestDevice, type TestDeviceOptions } from './test-device.ts'
export { TestSocket } from './test-socket.ts'
