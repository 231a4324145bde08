export { ENGINE_VERSION as VERSION } from 'tidemark/host';
