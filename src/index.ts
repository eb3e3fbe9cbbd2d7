export { contextBackend, contextShared, remoteLinuxVmContext } from './domain/remote-linux-vm-context.js';
