export { Trouble as default } from '../../shared/ui/states.tsx';
