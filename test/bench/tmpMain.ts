import { benchTrain } from './train';
void benchTrain();
