// Harness for sa_os: schedules the folds of a GEMM, checks the product, measures cycles. Our own, under the project's licence.
// Output tile r x c of C = A(MxK) B(KxN); fold = one output tile, K streamed.
// Reads lines "M K N mode trim" (mode 0 serial, 1 one accumulator, 2 two; trim 1: only columns in use are counted), writes
// "cycles correct" for each, and with an argument such as -1 runs every schedule
// so many cycles early.
#include "Vsa_os.h"
#include "verilated.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>
#include <array>
#include <map>
#include <string>
using namespace std;
static const int R=RR, C=CC, SK=SKW;
static Vsa_os* t;
static int cd(int a,int b){return (a+b-1)/b;}
static unsigned rs=777; static int rnd(){rs=rs*1664525u+1013904223u; return (int)((rs>>16)&0xff)-128;}
struct Res{bool ok; long total,total_trim, firsty;};
// mode 0 serial: fold f+1 operands start when fold f's last result is visible
// mode 1 single accumulator, pipelined: interval K+R (wavefront drain only)
// mode 2 double accumulator, overlapped drain: wavefront interval max(K,R); broadside interval max(K, K+R+C-2 - ...) see code
Res run(int M,int K,int N,int mode,int delta){
  vector<vector<int>> A(M,vector<int>(K)),B(K,vector<int>(N)),Y(M,vector<int>(N,0)),Z(M,vector<int>(N,-999999));
  for(auto&r:A)for(auto&v:r)v=rnd(); for(auto&r:B)for(auto&v:r)v=rnd();
  for(int i=0;i<M;i++)for(int j=0;j<N;j++)for(int k=0;k<K;k++)Y[i][j]+=A[i][k]*B[k][j];
  int fm=cd(M,R),fn=cd(N,C),T=fm*fn;
  vector<long> ms(T),ds(T);
  for(int f=0;f<T;f++){
    if(f==0) ms[0]=0;
    else if(mode==0) ms[f]= (SK? ds[f-1]+2*R+C-2 : ds[f-1]+R)+delta;      // last result visible
    else if(mode==1) ms[f]= ds[f-1]+R+delta;                               // wavefront: PE free after R drain slots
    else { ms[f]=ms[f-1]+K;
       if(SK){ ms[f]=max(ms[f], ms[f-1]+(long)max(K,R)) ; if(K<R) ms[f]+=delta; }
       else  { // broadside drain of f must not collide with drain of f-1, and acc buffer of f (used by f-2) must be drained before PE(0,0) restarts
         if(f>=2) ms[f]=max(ms[f], ds[f-2]+R+delta);
         // drain slots: ds[f]=ms[f]+K+R+C-2 >= ds[f-1]+R
         ms[f]=max(ms[f], ds[f-1]+R-(K+R+C-2)+((K<R)?delta:0)); } }
    ds[f]= SK? ms[f]+K : ms[f]+K+R+C-2;
  }
  map<long,array<int,2>> mop; map<long,int> dop;
  for(int f=0;f<T;f++){ for(int k=0;k<K;k++){ if(mop.count(ms[f]+k)) return Res{false,-1,-1,-1}; mop[ms[f]+k]={f,k}; }
     for(int r=0;r<R;r++){ if(dop.count(ds[f]+r)) return Res{false,-1,-1,-1}; dop[ds[f]+r]=f; } }
  t->rst=1; t->m_valid=0; t->d_valid=0; for(int i=0;i<2;i++){t->clk=0;t->eval();t->clk=1;t->eval();} t->rst=0;
  long end=ds[T-1]+3*R+C+6; vector<long> cnt(C,0); long last=-1,lastt=-1,firsty=-1;
  for(long cyc=0;cyc<end;cyc++){
    t->m_valid=0;t->d_valid=0;t->m_first=0; for(int i=0;i<32;i++){t->a_in[i]=0xEE;t->w_in[i]=0x77;}
    auto m=mop.find(cyc); if(m!=mop.end()){int f=m->second[0],k=m->second[1],mi=f%fm,ni=f/fm; t->m_valid=1;t->m_sel=(mode==2)?(f&1):0;t->m_first=(k==0);
      for(int r=0;r<R;r++){int mm=mi*R+r; t->a_in[r]=(mm<M)?(A[mm][k]&0xff):0;} for(int c=0;c<C;c++){int nn=ni*C+c; t->w_in[c]=(nn<N)?(B[k][nn]&0xff):0;}}
    auto d=dop.find(cyc); if(d!=dop.end()){t->d_valid=1;t->d_sel=(mode==2)?(d->second&1):0;}
    t->clk=0;t->eval();
    for(int c=0;c<C;c++) if((t->y_valid>>c)&1){ long q=cnt[c]++; int f=q/R, r=R-1-(int)(q%R); if(f<T){int mm=(f%fm)*R+r, nn=(f/fm)*C+c; if(firsty<0)firsty=cyc; last=cyc; if(mm<M&&nn<N){Z[mm][nn]=(int)t->y_out[c]; lastt=cyc;}} }
    t->clk=1;t->eval();
  }
  return Res{Z==Y,last,lastt,firsty};
}
int main(int argc,char**argv){
  t=new Vsa_os; int delta=argc>1?atoi(argv[1]):0; int M,K,N,mode,trim;
  while(scanf("%d %d %d %d %d",&M,&K,&N,&mode,&trim)==5){ Res r=run(M,K,N,mode,delta); printf("%ld %d\n",trim?r.total_trim:r.total,(int)r.ok); }
  return 0;
}
